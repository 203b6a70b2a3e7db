// Small texts: trimming, what may stand in a header. Used by kube/ only. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kube/config.h"

namespace kube {

// Without white space at both ends.
std::string trimmed(std::string_view text);

// The value of a variable; empty without one.
std::string variable(const EnvironmentVariables& environment, std::string_view name);

// True when text can be the value of an HTTP header: no control characters (RFC 9110, 5.5).
bool fits_header(std::string_view text);

// Percent-encoded as the name of a header: all but letters, digits and "-" (RFC 3986, 2.1).
std::string header_name_part(std::string_view text);

}  // namespace kube
