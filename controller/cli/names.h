// Names in Kubernetes. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace cli {

// Of namespaces and Services: at most 63 of a-z, 0-9 and -, without - at the ends.
bool is_dns_label(std::string_view name);

// Of most resources: labels with dots between them, at most 253 characters.
bool is_dns_subdomain(std::string_view name);

// "localhost:31234": a name or an IPv4 address, and a port of 1 to 65535.
bool is_host_port(std::string_view text);

// "31234": from 1 to 65535, without leading zeros.
bool is_port(std::string_view digits);

// "dev" for "dev", "lreg/dev" and "localregistries.localregistry.dev/dev", as kubectl takes it;
// what names another type is left as it is.
std::string resource_name(std::string_view argument);

}  // namespace cli
