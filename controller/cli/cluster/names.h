// This file checks names and addresses of Kubernetes objects. The functions are pure and can be
// called on any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/images/image_reference.h"
#include "cli/terminal/outcome.h"

namespace cli {

// Returns whether the text is a name or an IPv4 address with a port from 1 to 65535:
// "localhost:31234".
bool is_host_port(std::string_view text);

// Returns whether the text is a port from 1 to 65535, without leading zeros: "31234".
bool is_port(std::string_view digits);

// Removes the type from an argument, as kubectl does: returns "dev" for "dev", "lreg/dev" and
// "localregistries.localregistry.dev/dev". An argument with another type is unchanged.
std::string resource_name(std::string_view argument);

// Parses an image reference that the user gives. kUsage: it is not one; the message quotes it.
Outcome<api::ImageReference> parse_reference(std::string_view text);

}  // namespace cli
