// This file helps to replace values of a YAML or JSON text in place. The functions are pure and can
// be called on any thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace json {

// The UTF-8 byte order mark. It may precede a text and is not part of it.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Returns true for a word: one or more characters of printable ASCII, without spaces, quotes and
// backslashes. No notation of a string in YAML or JSON has to escape these characters.
inline bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char character) {
    return character > ' ' && character < 0x7F && character != '"' && character != '\'' &&
           character != '\\';
  });
}

// Returns how many bytes at the beginning of `text` encode `word`, or nothing when the text does
// not begin with the word. In `text`, each character may be escaped: \/, \u002f or \x2f.
inline std::optional<std::size_t> written_length(std::string_view text, std::string_view word) {
  std::size_t at = 0;
  for (const char wanted : word) {
    const std::string_view rest = text.substr(at);
    if (rest.empty()) return std::nullopt;
    std::size_t digits = 0;
    if (rest.size() > 1 && rest[0] == '\\') digits = rest[1] == 'u' ? 4 : rest[1] == 'x' ? 2 : 0;
    if (digits > 0) {
      int code = 0;
      const std::string_view written = rest.substr(2, digits);
      std::from_chars(written.data(), written.data() + written.size(), code, 16);
      if (code != wanted) return std::nullopt;
      at += 2 + digits;
    } else if (rest.starts_with("\\/") && wanted == '/') {
      at += 2;
    } else if (rest[0] == wanted) {
      ++at;
    } else {
      return std::nullopt;
    }
  }
  return at;
}

}  // namespace json
