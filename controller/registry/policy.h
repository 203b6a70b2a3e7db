// Decides to which addresses a request may go, and which registries need no verified TLS. Image
// references come from users of the cluster, so the name of a registry must not give them access to
// services of the node or the cloud. The types are values that any thread may use.
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

// Networks is a set of IPv4 and IPv6 networks.
class Networks {
 public:
  // Parses entries, each of which is a network such as "10.0.0.0/8" or one address. kInvalid: the
  // message names the entry.
  static base::Result<Networks> parse(const std::vector<std::string>& entries);

  // Creates the empty set.
  Networks() = default;

  // Returns whether the address is in one of the networks. An IPv6 address that embeds an IPv4
  // address (mapped, compatible, NAT64, 6to4) is also in the networks of that IPv4 address.
  bool contains(const boost::asio::ip::address& address) const;

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

// Estimates the Service network from the address of the Service `kubernetes`, which is the first
// address of the Service network. Returns the largest network that can have this first address.
// "10.96.0.1", of the default Service network, gives "10.96.0.0/12". Returns an empty text if the
// argument is not an address.
std::string service_network_of(const std::string& kubernetes_address);

// InsecureRegistries is a set of registries that are used without verification, as with Docker's
// insecure-registries: HTTPS without verification is tried first, then plain HTTP. may_connect_to()
// allows them at addresses that are denied to other registries.
//
// An entry is "host" (at port 443 or 80), "host:port", or a network such as "10.0.0.0/8". A network
// matches every registry whose name is an IP address in it, at any port.
class InsecureRegistries {
 public:
  // kInvalid: the message names the entry.
  static base::Result<InsecureRegistries> parse(const std::vector<std::string>& entries);

  // Creates a set that matches no registry.
  InsecureRegistries() = default;

  // Returns whether an entry, host or network, matches the server.
  bool matches(const net::ServerUrl& server) const;

  // Returns whether an entry names the server as a host; networks do not count.
  bool matches_host(const net::ServerUrl& server) const;

 private:
  struct Host {
    std::string name;  // lower case, without brackets
    std::optional<std::uint16_t> port;
  };

  static std::optional<Host> parse_host(const std::string& entry);

  std::vector<Host> hosts_;
  Networks networks_;
};

// Returns the special use for which an address is reserved, so that no registry is expected there:
// "loopback", "link-local", "multicast", "unspecified" or "broadcast". Empty for other addresses.
// An IPv6 address that embeds an IPv4 address (mapped, compatible, NAT64, 6to4) has the special use
// of that IPv4 address.
std::string_view special_use(const boost::asio::ip::address& address);

// DeniedAddresses are addresses to which no request is sent, in addition to those of special use.
struct DeniedAddresses {
  Networks always;    // networks of --push-check-deny, without exception
  Networks services;  // Service networks; hosts in --insecure-registries are exempt
};

// Returns whether a request to `server` may be sent to `address`, which is one of the server's
// addresses.
bool may_connect_to(const boost::asio::ip::address& address, const net::ServerUrl& server,
                    const InsecureRegistries& insecure, const DeniedAddresses& denied);

}  // namespace registry
