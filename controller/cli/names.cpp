#include "cli/names.h"

#include <algorithm>

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

std::string resource_name(std::string_view argument) {
  for (const std::string_view type :
       {"lreg/", "localregistry/", "localregistries/", "localregistry.localregistry.dev/",
        "localregistries.localregistry.dev/"}) {
    if (argument.starts_with(type)) return std::string(argument.substr(type.size()));
  }
  return std::string(argument);
}

}  // namespace cli
