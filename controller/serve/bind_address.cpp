#include "serve/bind_address.h"

#include <fmt/core.h>

#include "base/text/number.h"
#include "base/text/quote.h"
#include "net/url.h"

namespace serve {
namespace {

base::Error invalid(std::string_view text, std::string_view why) {
  return {base::ErrorCode::kInvalid,
          fmt::format("{} is not an address to listen on: {}; use for example :8080, "
                      "127.0.0.1:8080 or [::1]:8080, or 0 to listen on no address",
                      base::quoted(text), why)};
}

}  // namespace

base::Result<std::optional<BindAddress>> parse_bind_address(std::string_view text) {
  if (text == "0") return std::optional<BindAddress>();
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid(text, "the port is missing");
  const auto port = base::whole_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return invalid(text, "the port is not a number from 0 to 65535");
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (brackets) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (!host.empty()) {
    const auto address = net::address_of(host);
    if (!address) return invalid(text, "the host is neither an IP address nor localhost");
    if (address->is_v6() != brackets)
      return invalid(text, "an IPv6 address must be in brackets, and other hosts must not");
  }
  return std::optional(BindAddress{std::string(host), *port});
}

std::string to_string(const BindAddress& address) {
  return net::host_and_port(address.host, address.port);
}

}  // namespace serve
