#include "cli/cluster/names.h"

#include <fmt/core.h>

#include <cstdint>

#include "base/text/dns_name.h"
#include "base/text/number.h"
#include "base/text/quote.h"

namespace cli {

bool is_host_port(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && base::is_dns_subdomain(text.substr(0, colon)) &&
         is_port(text.substr(colon + 1));
}

bool is_port(std::string_view digits) {
  return base::whole_number<std::uint16_t>(digits) && !digits.starts_with('0');
}

std::string resource_name(std::string_view argument) {
  for (const std::string_view type :
       {"lreg/", "localregistry/", "localregistries/", "localregistry.localregistry.dev/",
        "localregistries.localregistry.dev/"}) {
    if (argument.starts_with(type)) return std::string(argument.substr(type.size()));
  }
  return std::string(argument);
}

Outcome<api::ImageReference> parse_reference(std::string_view text) {
  auto reference = api::parse_image_reference(text);
  if (reference) return *std::move(reference);
  return Failure{ExitCode::kUsage, fmt::format("{} is not an image reference: {}",
                                               base::quoted(text), reference.error().message)};
}

}  // namespace cli
