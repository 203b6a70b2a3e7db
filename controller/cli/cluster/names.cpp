#include "cli/cluster/names.h"

#include <algorithm>
#include <charconv>

namespace cli {
namespace {

constexpr std::size_t kLabelMost = 63;
constexpr std::size_t kSubdomainMost = 253;

bool is_outer(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_inner(char c) { return is_outer(c) || c == '-'; }

bool is_label(std::string_view text) {
  return !text.empty() && is_outer(text.front()) && is_outer(text.back()) &&
         std::all_of(text.begin(), text.end(), is_inner);
}

}  // namespace

bool is_dns_label(std::string_view name) { return name.size() <= kLabelMost && is_label(name); }

bool is_dns_subdomain(std::string_view name) {
  if (name.size() > kSubdomainMost) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_host_port(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && is_dns_subdomain(text.substr(0, colon)) &&
         is_port(text.substr(colon + 1));
}

bool is_port(std::string_view digits) {
  std::uint16_t port = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, port);
  return error == std::errc() && stop == end && port != 0 && !digits.starts_with('0');
}

std::string resource_name(std::string_view argument) {
  for (const std::string_view type :
       {"lreg/", "localregistry/", "localregistries/", "localregistry.localregistry.dev/",
        "localregistries.localregistry.dev/"}) {
    if (argument.starts_with(type)) return std::string(argument.substr(type.size()));
  }
  return std::string(argument);
}

}  // namespace cli
