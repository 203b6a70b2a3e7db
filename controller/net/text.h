// Small texts: trimming, what may stand in a header. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace net {

// Without white space at both ends.
std::string trimmed(std::string_view text);

// True when text can be the value of an HTTP header: no control characters (RFC 9110, 5.5).
bool fits_header(std::string_view text);

// Percent-encoded (RFC 3986, 2.1) as the name of a header: all that may not stand there, and "%".
std::string header_name_part(std::string_view text);

}  // namespace net
