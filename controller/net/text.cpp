#include "net/text.h"

#include <fmt/core.h>

#include <algorithm>

namespace net {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kNameMarks = "!#$&'*+-.^_`|~";  // RFC 9110, 5.6.2, without "%"

}  // namespace

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1));
}

bool fits_header(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return (byte < 0x20 && character != '\t') || byte == 0x7f;
  });
}

std::string header_name_part(std::string_view text) {
  std::string name;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool plain = (character >= 'A' && character <= 'Z') ||
                       (character >= 'a' && character <= 'z') ||
                       (character >= '0' && character <= '9') ||
                       kNameMarks.find(character) != std::string_view::npos;
    if (plain) {
      name += character;
    } else {
      name += fmt::format("%{:02X}", byte);
    }
  }
  return name;
}

}  // namespace net
