#include "cli/output.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "json/format.h"

namespace cli {
namespace {

constexpr std::size_t kGap = 3;

// Characters, of text that is UTF-8.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

struct Character {
  char32_t code = 0;
  std::size_t size = 0;  // in bytes
};

constexpr char32_t kNone = 0xFFFFFFFF;  // the code of a byte that belongs to no UTF-8

// Of a text that is not empty.
Character first_character(std::string_view text) {
  struct Form {
    unsigned mask, lead;  // of the first byte
    char32_t least;       // that has to be written this way
  };
  constexpr Form kForms[] = {
      {0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
  constexpr unsigned kRestBits = 6;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t size = 1; size <= std::size(kForms); ++size) {
    const auto& [mask, lead, least] = kForms[size - 1];
    if ((byte(0) & mask) != lead) continue;
    char32_t code = byte(0) & ~mask;
    for (std::size_t i = 1; i < size; ++i) {
      if (i >= text.size() || (byte(i) & 0xC0U) != 0x80U) return {kNone, 1};
      code = code << kRestBits | (byte(i) & 0x3FU);
    }
    const bool is_valid = code >= least && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    return is_valid ? Character{code, size} : Character{kNone, 1};
  }
  return {kNone, 1};
}

// Whether a terminal does something else than to show it: controls of ASCII and C1, ends of lines,
// what changes the direction of the text around it, and what nobody sees.
bool is_obeyed(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  constexpr Range kRanges[] = {
      {0x00, 0x1F},        // C0
      {0x7F, 0x9F},        // DEL, C1
      {0x061C, 0x061C},    // Arabic letter mark
      {0x200B, 0x200B},    // zero width space
      {0x200E, 0x200F},    // left-to-right and right-to-left mark
      {0x2028, 0x202E},    // line and paragraph separator, embeddings, overrides
      {0x2060, 0x206F},    // invisible operators, isolates, deprecated formats
      {0xFEFF, 0xFEFF},    // byte order mark
      {0xFFF9, 0xFFFB},    // interlinear annotations
      {0xE0000, 0xE0FFF},  // tags
      {0x110000, kNone},   // no character
  };
  return std::any_of(std::begin(kRanges), std::end(kRanges), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Character next = first_character(text);
    if (next.code == '\n' || next.code == '\t') {
      result += ' ';
    } else if (is_obeyed(next.code)) {
      result += '?';
    } else {
      result += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }
  return result;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> shown;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    auto& cells = shown.emplace_back();
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(printable(row[i]));
      widths[i] = std::max(widths[i], width(cells[i]));
    }
  }
  std::string text;
  for (const auto& row : shown) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - width(row[i]) + kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

// Source: HumanDuration of k8s.io/apimachinery/pkg/util/duration
std::string age(std::chrono::seconds duration) {
  const auto pair = [](auto much, char big, auto little, char small) {
    return little == 0 ? fmt::format("{}{}", much, big)
                       : fmt::format("{}{}{}{}", much, big, little, small);
  };
  const auto s = std::max<std::chrono::seconds::rep>(duration.count(), 0);
  const auto m = s / 60;
  const auto h = m / 60;
  const auto d = h / 24;
  if (s < 120) return fmt::format("{}s", s);
  if (m < 10) return pair(m, 'm', s % 60, 's');
  if (m < 180) return fmt::format("{}m", m);
  if (h < 8) return pair(h, 'h', m % 60, 'm');
  if (h < 48) return fmt::format("{}h", h);
  if (d < 8) return pair(d, 'd', h % 24, 'h');
  if (d < 730) return fmt::format("{}d", d);
  if (d < 2920) return pair(d / 365, 'y', d % 365, 'd');
  return fmt::format("{}y", d / 365);
}

std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

std::string print_text(std::string text, Output output) {
  const auto document = json::Document::parse(std::move(text));
  return print_object(document->root(), output);
}

std::string print_object(json::View object, Output output) {
  constexpr std::string_view kHidden = "metadata.managedFields";
  return output == Output::kYaml ? json::to_yaml(object, kHidden) : json::pretty(object, kHidden);
}

}  // namespace cli
