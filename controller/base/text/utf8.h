// Decodes UTF-8 (RFC 3629): overlong forms, surrogates and code points above U+10FFFF are invalid.
// Pure; each Utf8Decoder has one owner; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace base {

// Decodes one character after the other from bytes that arrive one at a time.
class Utf8Decoder {
 public:
  enum class State {
    kCharacter,   // character() is the next character
    kIncomplete,  // bytes of the character are missing
    kInvalid,     // the bytes are not UTF-8; feed() must not be called again
  };

  State feed(unsigned char byte);

  char32_t character() const { return code_; }

  // Whether bytes of a character are missing.
  bool is_inside() const { return missing_ > 0; }

 private:
  State begin(unsigned char byte);

  char32_t code_ = 0;   // code point, as decoded so far
  char32_t least_ = 0;  // smallest code point for the number of bytes; a smaller one is overlong
  int missing_ = 0;     // bytes that have not arrived
};

// The code of a byte that does not begin a valid character.
inline constexpr char32_t kNotUtf8 = 0xFFFFFFFF;

struct Character {
  char32_t code = kNotUtf8;
  std::size_t size = 1;  // bytes; 1 for kNotUtf8
};

// Decodes a first character that is not ASCII; see first_character().
Character first_wide_character(std::string_view text);

// Decodes the first character of a text that is not empty. A character that is cut off at the end
// of the text is kNotUtf8.
inline Character first_character(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  return byte < 0x80 ? Character{byte, 1} : first_wide_character(text);
}

bool is_utf8(std::string_view text);

// Whether the byte begins a character of valid UTF-8; the other bytes continue one.
constexpr bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

// Counts the characters of valid UTF-8.
std::size_t count_characters(std::string_view text);

}  // namespace base
