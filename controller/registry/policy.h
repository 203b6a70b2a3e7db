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

// Networks of addresses, IPv4 and IPv6.
class Networks {
 public:
  // Each entry is a network such as "10.0.0.0/8", or one address. kInvalid, naming the entry.
  static base::Result<Networks> parse(const std::vector<std::string>& entries);

  // None.
  Networks() = default;

  // An IPv4 address within an IPv6 one (mapped, compatible, NAT64, 6to4) counts as itself as well.
  bool contain(const boost::asio::ip::address& address) const;

  bool empty() const { return networks_.empty(); }
  bool operator==(const Networks&) const = default;

 private:
  struct Network {
    boost::asio::ip::address address;  // with its host bits zero
    unsigned short bits = 0;

    bool operator==(const Network&) const = default;
  };

  static std::optional<Network> parse_network(const std::string& entry);

  std::vector<Network> networks_;
};

// The largest network that a Service network may be whose first address is that of the Service
// `kubernetes`, for the default network: "10.96.0.1" gives "10.96.0.0/12". Empty for no address.
std::string service_network_of(const std::string& kubernetes_address);

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

  // Whether an entry is this very host, rather than a network that it is in.
  bool name_host(const net::ServerUrl& server) const;

 private:
  struct Host {
    std::string name;  // lower case, without brackets
    std::optional<std::uint16_t> port;
  };

  static std::optional<Host> parse_host(const std::string& entry);

  std::vector<Host> hosts_;
  Networks networks_;
};

// Why no registry is looked for at the address: "loopback", "link-local", "multicast",
// "unspecified" or "broadcast". Empty for any other. An IPv4 address within an IPv6 one (mapped,
// compatible, NAT64, 6to4) counts as itself.
std::string_view special_use(const boost::asio::ip::address& address);

// Where no registry is asked, besides addresses of special use.
struct DeniedAddresses {
  Networks always;    // whatever --insecure-registries says: --push-check-deny
  Networks services;  // the Service network: but for hosts that --insecure-registries names
};

// Whether a registry, which was named as that server, may be asked at the address.
bool may_be_asked(const boost::asio::ip::address& address, const net::ServerUrl& server,
                  const InsecureRegistries& insecure, const DeniedAddresses& denied);

}  // namespace registry
