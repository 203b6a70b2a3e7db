#include "base/text/dns_name.h"

#include <algorithm>

#include "base/text/text.h"

namespace base {
namespace {

bool is_outer(char character) { return is_lower(character) || is_digit(character); }
bool is_inner(char character) { return is_outer(character) || character == '-'; }

bool is_label(std::string_view text, std::size_t max) {
  return !text.empty() && text.size() <= max && is_outer(text.front()) && is_outer(text.back()) &&
         std::all_of(text.begin(), text.end(), is_inner);
}

}  // namespace

bool is_dns_label(std::string_view name) { return is_label(name, kDnsLabelBytes); }

bool is_dns_subdomain(std::string_view name, std::size_t label_bytes) {
  if (name.size() > kDnsSubdomainBytes) return false;
  return all_parts(name, '.', [&](std::string_view label) { return is_label(label, label_bytes); });
}

}  // namespace base
