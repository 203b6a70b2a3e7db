// What texts are made of whose values are changed in place. Pure; any thread.
#pragma once

#include <algorithm>
#include <string_view>

namespace json {

// May stand at the beginning of a text, and is no part of it.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Printable ASCII, without what YAML or JSON would have to escape anywhere.
inline bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char character) {
    return character > ' ' && character < 0x7F && character != '"' && character != '\'' &&
           character != '\\';
  });
}

}  // namespace json
