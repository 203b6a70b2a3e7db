// The names that Kubernetes takes from DNS (RFC 1123), and the values of labels, which have a
// similar form. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace base {

inline constexpr std::size_t kDnsLabelBytes = 63;
inline constexpr std::size_t kDnsSubdomainBytes = 253;

// Accepts a DNS label, which the name of a namespace or Service must be: at most 63 of a-z, 0-9 and
// -, without - at the ends.
bool is_dns_label(std::string_view name);

// Accepts a DNS subdomain, which most names must be: labels with dots between them, at most 253
// bytes. `label_bytes`: the maximum size of each label; Kubernetes has no limit for it.
bool is_dns_subdomain(std::string_view name, std::size_t label_bytes = kDnsSubdomainBytes);

// Accepts a label's value that is not empty: at most 63 of a-z, A-Z, 0-9, -, _ and ., with a letter
// or digit at both ends.
bool is_label_value(std::string_view text);

}  // namespace base
