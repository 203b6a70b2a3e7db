#include "net/text.h"

#include <algorithm>

#include "base/text/base64.h"
#include "base/text/percent.h"

namespace net {
namespace {

constexpr std::string_view kNameMarks = "!#$&'*+-.^_`|~";  // of RFC 9110, 5.6.2, without "%"

}  // namespace

bool fits_header(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return (byte < 0x20 && character != '\t') || byte == 0x7f;
  });
}

std::string header_name_part(std::string_view text) {
  return base::percent_encoded(text, kNameMarks);
}

std::string basic_authorization(const std::string& user, const std::string& password) {
  return "Basic " + base::encode_base64(user + ":" + password);
}

}  // namespace net
