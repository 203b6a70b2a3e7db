// These functions classify ASCII characters, change the case of letters and remove white space. A
// byte that is not ASCII is neither a letter, a digit nor white space, and is never changed. The
// locale has no effect. The functions are pure and can be called on any thread.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace base {

constexpr bool is_digit(char character) { return character >= '0' && character <= '9'; }
constexpr bool is_lower(char character) { return character >= 'a' && character <= 'z'; }
constexpr bool is_upper(char character) { return character >= 'A' && character <= 'Z'; }
constexpr bool is_letter(char character) { return is_lower(character) || is_upper(character); }
constexpr bool is_alphanumeric(char character) {
  return is_letter(character) || is_digit(character);
}
// Returns true for 0 to 9 and a to f, the digits of a digest such as "sha256:…".
constexpr bool is_lower_hex(char character) {
  return is_digit(character) || (character >= 'a' && character <= 'f');
}

// Returns the lower-case letter for an upper-case letter, and any other character unchanged.
constexpr char lower(char character) {
  return is_upper(character) ? static_cast<char>(character - 'A' + 'a') : character;
}

std::string lower(std::string text);

// Returns whether the texts are equal if the case of ASCII letters does not count.
bool equal_ignoring_case(std::string_view left, std::string_view right);

// Returns true when the text is one of the words. `words`: an array, vector or list of strings or
// string views.
template <class Words>
bool is_one_of(std::string_view text, const Words& words) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

// The characters that trimmed() removes by default.
inline constexpr std::string_view kWhiteSpace = " \t\r\n";

// Returns the text without the characters of `removed` at its beginning and end.
std::string_view trimmed(std::string_view text, std::string_view removed = kWhiteSpace);

// Returns true when each part of the text between separators fulfils the predicate. A text without
// a separator is one part, also when it is empty.
template <class Predicate>
bool all_parts(std::string_view text, char separator, Predicate predicate) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!predicate(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

// Returns the parts of the text between separators, as all_parts() gets them.
std::vector<std::string_view> parts(std::string_view text, char separator);

}  // namespace base
