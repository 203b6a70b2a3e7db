// This file checks names and addresses of Kubernetes objects. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace cli {

// Accepts a DNS label (RFC 1123), which the name of a namespace must be: at most 63 of a-z, 0-9 and
// -, without - at the ends.
bool is_dns_label(std::string_view name);

// Accepts a DNS subdomain (RFC 1123), which most names must be: labels with dots between them, at
// most 253 characters.
bool is_dns_subdomain(std::string_view name);

// Accepts a name or an IPv4 address, and a port from 1 to 65535: "localhost:31234".
bool is_host_port(std::string_view text);

// Accepts a port from 1 to 65535, without leading zeros: "31234".
bool is_port(std::string_view digits);

// Removes the type from an argument, as kubectl does: returns "dev" for "dev", "lreg/dev" and
// "localregistries.localregistry.dev/dev". An argument with another type is unchanged.
std::string resource_name(std::string_view argument);

}  // namespace cli
