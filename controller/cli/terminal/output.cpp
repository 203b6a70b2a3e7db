#include "cli/terminal/output.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text/utf8.h"
#include "json/format.h"

namespace cli {
namespace {

constexpr std::size_t kGap = 3;

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> shown;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    auto& cells = shown.emplace_back();
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(printable(row[i]));
      widths[i] = std::max(widths[i], base::count_characters(cells[i]));
    }
  }
  std::string text;
  for (const auto& row : shown) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - base::count_characters(row[i]) + kGap, ' ');
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
