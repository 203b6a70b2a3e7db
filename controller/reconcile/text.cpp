#include "reconcile/text.h"

#include <cctype>

namespace reconcile {

std::string bounded_text(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  std::size_t length = bytes;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  return std::string(text.substr(0, length));
}

std::string without_numbers(std::string_view text) {
  std::string result;
  std::string word;
  bool has_digit = false;
  const auto end_word = [&] {
    result += has_digit ? "#" : word;
    word.clear();
    has_digit = false;
  };
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) == 0) {
      end_word();
      result += character;
      continue;
    }
    has_digit = has_digit || std::isdigit(byte) != 0;
    word += character;
  }
  end_word();
  return result;
}

}  // namespace reconcile
