// Listen addresses, as flags take them: ":8080", "127.0.0.1:8081", "localhost:8081", "[::]:8080",
// or "0" to listen on no address. The functions can be called on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace serve {

struct BindAddress {
  std::string host;  // an IP address without brackets; empty: all addresses, IPv6 and IPv4
  std::uint16_t port = 0;

  bool operator==(const BindAddress&) const = default;
};

// Parses a bind address. Returns nullopt for "0" (off), and kInvalid, with the text and the reason,
// for a text that is no bind address.
base::Result<std::optional<BindAddress>> parse_bind_address(std::string_view text);

// Returns the text of the address: "127.0.0.1:8081", "[::1]:8080", ":8080".
std::string to_string(const BindAddress& address);

}  // namespace serve
