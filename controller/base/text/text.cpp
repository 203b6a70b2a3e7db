#include "base/text/text.h"

#include <algorithm>

namespace base {

std::string lower(std::string text) {
  for (char& character : text) character = lower(character);
  return text;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view trimmed(std::string_view text, std::string_view removed) {
  const std::size_t begin = text.find_first_not_of(removed);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(removed) + 1 - begin);
}

std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> found;
  all_parts(text, separator, [&](std::string_view part) {
    found.push_back(part);
    return true;
  });
  return found;
}

}  // namespace base
