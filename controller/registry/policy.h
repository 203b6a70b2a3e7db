// Where a request may go, and how well the other side has to prove itself. Image references come
// from users of the cluster, so a registry must not be a way to services of the node or the cloud.
// Values; any thread.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/url.h"

namespace registry {

// Registries that are taken as they are, as Docker's insecure-registries has them: HTTPS without
// verification is tried first, then plain HTTP, and they may be at any address.
//
// An entry is "host" (at the port of https or http), "host:port", or a network such as
// "10.0.0.0/8", which names every registry that is written as an address in it, at any port.
class InsecureRegistries {
 public:
  // kInvalid, naming the entry.
  static base::Result<InsecureRegistries> parse(const std::vector<std::string>& entries);

  // Nobody.
  InsecureRegistries() = default;

  bool name(const net::ServerUrl& server) const;

 private:
  struct Host {
    std::string name;  // lower case, without brackets
    std::optional<std::uint16_t> port;
  };
  struct Network {
    boost::asio::ip::address address;  // with its host bits zero
    unsigned short bits;
  };

  static std::optional<Network> parse_network(const std::string& entry);
  static std::optional<Host> parse_host(const std::string& entry);

  std::vector<Host> hosts_;
  std::vector<Network> networks_;
};

// Why no registry is looked for at the address: "loopback", "link-local", "multicast",
// "unspecified" or "broadcast". Empty for any other. An IPv4 address within an IPv6 one (mapped,
// compatible, NAT64, 6to4) counts as itself.
std::string_view special_use(const boost::asio::ip::address& address);

}  // namespace registry
