// This file decodes UTF-8 (RFC 3629). Overlong forms, surrogates and code points above U+10FFFF are
// invalid. A Utf8Decoder has one owner. Everything here can be used on any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace base {

// A Utf8Decoder decodes characters from bytes that arrive one at a time.
class Utf8Decoder {
 public:
  enum class State {
    kCharacter,   // character() is the next character
    kIncomplete,  // the character needs more bytes
    kInvalid,     // the bytes are not UTF-8; feed() must not be called again
  };

  State feed(unsigned char byte);

  char32_t character() const { return code_; }

  // Returns whether a character has begun of which bytes are missing.
  bool is_inside() const { return missing_ > 0; }

 private:
  State begin(unsigned char byte);

  char32_t code_ = 0;   // code point, as decoded so far
  char32_t least_ = 0;  // smallest code point for the number of bytes; a smaller one is overlong
  int missing_ = 0;     // bytes that have not arrived
};

// The code of a Character that stands for a byte which does not begin a valid character.
inline constexpr char32_t kNotUtf8 = 0xFFFFFFFF;

struct Character {
  char32_t code = kNotUtf8;
  std::size_t size = 1;  // bytes; 1 for kNotUtf8
};

// Does the work of first_character() for a character that is not ASCII.
Character first_wide_character(std::string_view text);

// Decodes the first character of the text, which must not be empty. The code is kNotUtf8 when the
// bytes are invalid, or when the text ends before the character does.
inline Character first_character(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  return byte < 0x80 ? Character{byte, 1} : first_wide_character(text);
}

bool is_utf8(std::string_view text);

// Returns whether the byte begins a character. All other bytes of valid UTF-8 continue a character.
constexpr bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

// Counts the characters of a text that is valid UTF-8.
std::size_t count_characters(std::string_view text);

}  // namespace base
