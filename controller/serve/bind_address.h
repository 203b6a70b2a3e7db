// Where to listen, as the flags say it: ":8080", "127.0.0.1:8081", "localhost:8081", "[::]:8080",
// "0" for not at all. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace serve {

struct BindAddress {
  std::string host;  // an IP address without brackets; empty: every one, of IPv6 and IPv4
  std::uint16_t port = 0;

  bool operator==(const BindAddress&) const = default;
};

// Reads a bind address; "0" is off and gives nothing. kInvalid, with the text and what is wrong
// with it, for anything else.
base::Result<std::optional<BindAddress>> parse_bind_address(std::string_view text);

// "127.0.0.1:8081", "[::1]:8080", ":8080".
std::string to_string(const BindAddress& address);

}  // namespace serve
