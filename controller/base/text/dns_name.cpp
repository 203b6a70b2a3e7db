#include "base/text/dns_name.h"

#include <algorithm>

#include "base/text/text.h"

namespace base {
namespace {

bool is_outer(char character) { return is_lower(character) || is_digit(character); }
bool is_inner(char character) { return is_outer(character) || character == '-'; }

// Accepts 1 to `max` characters that fulfil `inner`, the first and last of which fulfil `outer`.
template <class Outer, class Inner>
bool has_form(std::string_view text, std::size_t max, Outer outer, Inner inner) {
  return !text.empty() && text.size() <= max && outer(text.front()) && outer(text.back()) &&
         std::all_of(text.begin(), text.end(), inner);
}

bool is_label(std::string_view text, std::size_t max) {
  return has_form(text, max, is_outer, is_inner);
}

}  // namespace

bool is_dns_label(std::string_view name) { return is_label(name, kDnsLabelBytes); }

bool is_dns_subdomain(std::string_view name, std::size_t label_bytes) {
  if (name.size() > kDnsSubdomainBytes) return false;
  return all_parts(name, '.', [&](std::string_view label) { return is_label(label, label_bytes); });
}

bool is_label_value(std::string_view text) {
  return has_form(text, kDnsLabelBytes, is_alphanumeric, [](char character) {
    return is_alphanumeric(character) || character == '-' || character == '_' || character == '.';
  });
}

}  // namespace base
