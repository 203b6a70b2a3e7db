#include "reconcile/status/text.h"

#include "base/text/text.h"

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
    if (!base::is_alphanumeric(character)) {
      end_word();
      result += character;
      continue;
    }
    has_digit = has_digit || base::is_digit(character);
    word += character;
  }
  end_word();
  return result;
}

}  // namespace reconcile
