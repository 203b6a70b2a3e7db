// Checks and encodes text for HTTP headers. The functions are pure and can be called on any thread.
#pragma once

#include <string>
#include <string_view>

namespace net {

// Returns whether the text can be the value of an HTTP header, that is, has no control characters
// (RFC 9110, 5.5).
bool fits_header(std::string_view text);

// Encodes a text for use in the name of a header: percent-encodes (RFC 3986, 2.1) "%" and every
// character that is not allowed there (RFC 9110, 5.6.2).
std::string header_name_part(std::string_view text);

// Returns the value of the header Authorization for a user and a password (RFC 7617).
std::string basic_authorization(const std::string& user, const std::string& password);

}  // namespace net
