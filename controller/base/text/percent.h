// This file percent-encodes text for URLs (RFC 3986, section 2.1). The function is pure and can be
// called on any thread.
#pragma once

#include <string>
#include <string_view>

namespace base {

// RFC 3986 calls these marks, the letters and the digits "unreserved": they need no encoding.
inline constexpr std::string_view kUnreservedMarks = "-._~";

// Replaces every byte except letters, digits and the characters of `kept` by "%" and two upper-case
// hexadecimal digits. With the default `kept`, the result can be used as a path segment, a query
// value or a form value.
std::string percent_encoded(std::string_view text, std::string_view kept = kUnreservedMarks);

}  // namespace base
