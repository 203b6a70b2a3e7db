#include "reconcile/status/text.h"

#include <cctype>

namespace reconcile {

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
