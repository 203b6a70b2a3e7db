// These functions check the DNS names (RFC 1123) that Kubernetes requires for objects. They are
// pure and can be called on any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace base {

inline constexpr std::size_t kDnsLabelBytes = 63;
inline constexpr std::size_t kDnsSubdomainBytes = 253;

// Returns whether the text is a DNS label, as the names of Namespaces and Services must be: 1 to 63
// of the characters a-z, 0-9 and -, with no - at either end.
bool is_dns_label(std::string_view name);

// Returns whether the text is a DNS subdomain, as most names must be: labels that are separated by
// dots, at most 253 bytes in total. `label_bytes`: the maximum size of each label; by default only
// the total size limits a label, as in Kubernetes.
bool is_dns_subdomain(std::string_view name, std::size_t label_bytes = kDnsSubdomainBytes);

// Accepts a label's value that is not empty: at most 63 of a-z, A-Z, 0-9, -, _ and ., with a letter
// or digit at both ends.
bool is_label_value(std::string_view text);

}  // namespace base
