#include "serve/bind_address.h"

#include <fmt/core.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "base/text/quote.h"

namespace serve {
namespace {

base::Error invalid(std::string_view text, std::string_view why) {
  return {base::ErrorCode::kInvalid,
          fmt::format("{} is not an address to listen on: {}; use for example :8080, "
                      "127.0.0.1:8080 or [::1]:8080, or 0 to listen on no address",
                      base::quoted(text), why)};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, port);
  if (text.empty() || failure != std::errc() || stop != end) return std::nullopt;
  return port;
}

}  // namespace

base::Result<std::optional<BindAddress>> parse_bind_address(std::string_view text) {
  if (text == "0") return std::optional<BindAddress>();
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid(text, "the port is missing");
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return invalid(text, "the port is not a number from 0 to 65535");
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (brackets) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (!host.empty()) {
    boost::system::error_code failure;
    const auto address = boost::asio::ip::make_address(host, failure);
    if (failure) return invalid(text, "the host is neither an IP address nor localhost");
    if (address.is_v6() != brackets)
      return invalid(text, "an IPv6 address must be in brackets, and other hosts must not");
  }
  return std::optional(BindAddress{std::string(host), *port});
}

std::string to_string(const BindAddress& address) {
  const bool brackets = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", brackets ? "[" : "", address.host, brackets ? "]" : "",
                     address.port);
}

}  // namespace serve
