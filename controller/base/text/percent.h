// Percent-encoding (RFC 3986, section 2.1). Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace base {

// The marks that a URL does not reserve: with letters and digits, the unreserved characters.
inline constexpr std::string_view kUnreservedMarks = "-._~";

// Replaces every byte except letters, digits and those of `kept` by "%" and two upper-case
// hexadecimal digits. By default, the result fits into a segment of a path, the value of a query
// and the value of a form.
std::string percent_encoded(std::string_view text, std::string_view kept = kUnreservedMarks);

}  // namespace base
