#include "base/text/quote.h"

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "base/text/text.h"
#include "base/text/utf8.h"

namespace base {
namespace {

constexpr std::string_view kLeftOut = "…";

// Returns true when a terminal acts on the character instead of showing it: C0 and C1 controls,
// line ends, changes of the text direction, and invisible characters.
bool is_terminal_control(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  constexpr Range kRanges[] = {
      {0x00, 0x1F},          // C0
      {0x7F, 0x9F},          // DEL, C1
      {0x061C, 0x061C},      // Arabic letter mark
      {0x200B, 0x200B},      // zero width space
      {0x200E, 0x200F},      // left-to-right and right-to-left mark
      {0x2028, 0x202E},      // line and paragraph separator, embeddings, overrides
      {0x2060, 0x206F},      // invisible operators, isolates, deprecated formats
      {0xFEFF, 0xFEFF},      // byte order mark
      {0xFFF9, 0xFFFB},      // interlinear annotations
      {0xE0000, 0xE0FFF},    // tags
      {0x110000, kNotUtf8},  // beyond Unicode, and kNotUtf8
  };
  return std::any_of(std::begin(kRanges), std::end(kRanges), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

// Returns at most `max` characters of the text, as printable() returns them. "…" stands for the
// rest.
std::string printable_part(std::string_view text, std::size_t max) {
  std::string result;
  result.reserve(std::min(text.size(), max));
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == max) return result + std::string(kLeftOut);
    const Character next = first_character(text);
    if (next.code == '\n' || next.code == '\t') {
      result += ' ';
    } else if (is_terminal_control(next.code)) {
      result += '?';
    } else {
      result += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }
  return result;
}

// Returns the offset at which the value ends: before text that looks like the next YAML key, or
// else at the end of the line. The next key may be on the same line, because the YAML parser
// replaces line breaks inside quotes by spaces. Every word that contains a colon counts as a key,
// except the first word: that one counts only if a space follows the colon, so "arn:aws:eks" is a
// value.
std::size_t end_of_value(std::string_view line) {
  std::size_t word = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (kWhiteSpace.find(line[i]) != std::string_view::npos) word = i + 1;
    if (line[i] != ':') continue;
    if (word > 0) return line.find_last_not_of(kWhiteSpace, word - 1) + 1;
    const bool ends_word =
        i + 1 == line.size() || kWhiteSpace.find(line[i + 1]) != std::string_view::npos;
    if (ends_word && i > 0 && i + 1 < line.size()) return i;  // ": x" has no key
  }
  return line.size();
}

// Returns the value as shown() does, but with at most `max` characters.
std::string first_part(std::string_view value, std::size_t max) {
  const std::string_view line = value.substr(0, value.find_first_of("\r\n"));
  const std::string_view part = line.substr(0, end_of_value(line));
  std::string result = printable_part(part, max);
  if (part.size() < value.size() && !result.ends_with(kLeftOut)) result += kLeftOut;
  return result;
}

}  // namespace

std::string printable(std::string_view text) { return printable_part(text, text.size()); }

std::string shown(std::string_view value) { return first_part(value, limits::kShownCharacters); }

std::string shown_path(std::string_view path) {
  return first_part(path, limits::kShownPathCharacters);
}

std::string quoted(std::string_view value) { return "'" + shown(value) + "'"; }

std::string reported(std::string_view text) {
  return printable_part(trimmed(text), limits::kReportCharacters);
}

std::string cut_line(std::string_view text, std::size_t bytes) {
  std::string line = printable(text);
  if (line.size() <= bytes) return line;
  const std::string_view mark = bytes < kLeftOut.size() ? "" : kLeftOut;
  std::size_t end = bytes - mark.size();
  while (end > 0 && !begins_character(line[end])) --end;
  line.resize(end);
  return line + std::string(mark);
}

}  // namespace base
