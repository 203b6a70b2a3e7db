// Helpers for ASCII text: kinds of characters, letter case, white space. Bytes that are not ASCII
// are in no class and are never changed; no function depends on the locale. Pure; any thread.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

namespace base {

constexpr bool is_digit(char character) { return character >= '0' && character <= '9'; }
constexpr bool is_lower(char character) { return character >= 'a' && character <= 'z'; }
constexpr bool is_upper(char character) { return character >= 'A' && character <= 'Z'; }
constexpr bool is_letter(char character) { return is_lower(character) || is_upper(character); }
constexpr bool is_alphanumeric(char character) {
  return is_letter(character) || is_digit(character);
}
// Accepts 0 to 9 and a to f, the digits of digests.
constexpr bool is_lower_hex(char character) {
  return is_digit(character) || (character >= 'a' && character <= 'f');
}

// Returns the lower-case letter for an upper-case letter, and any other character unchanged.
constexpr char lower(char character) {
  return is_upper(character) ? static_cast<char>(character - 'A' + 'a') : character;
}

std::string lower(std::string text);

// Compares without regard to the case of letters.
bool equal_ignoring_case(std::string_view left, std::string_view right);

// Returns true when the text is one of the words. `words`: an array, vector or list of strings or
// string views.
template <class Words>
bool is_one_of(std::string_view text, const Words& words) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

// The characters that trimmed() removes by default.
inline constexpr std::string_view kWhiteSpace = " \t\r\n";

// Returns the part of the text without the characters of `removed` at both ends.
std::string_view trimmed(std::string_view text, std::string_view removed = kWhiteSpace);

}  // namespace base
