#include "registry/policy.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "base/text/quote.h"
#include "base/text/text.h"

namespace registry {
namespace {

namespace ip = boost::asio::ip;

using net::address_of;
using net::kHttpPort;
using net::kHttpsPort;

bool inside(const ip::address& address, const ip::address& network, unsigned short bits) {
  if (address.is_v4() != network.is_v4()) return false;
  if (address.is_v4()) {
    return ip::network_v4(address.to_v4(), bits).network() == network.to_v4();
  }
  return ip::network_v6(address.to_v6(), bits).network() == network.to_v6();
}

std::string_view special_use(const ip::address_v4& address) {
  const auto bytes = address.to_bytes();
  if (bytes[0] == 0) return "unspecified";
  if (bytes[0] == 127) return "loopback";
  if (bytes[0] == 169 && bytes[1] == 254) return "link-local";
  if (address.is_multicast()) return "multicast";
  return address == ip::address_v4::broadcast() ? "broadcast" : "";
}

// Returns the IPv4 address that the IPv6 address embeds; nothing without one. Packets to the IPv6
// address may arrive at this IPv4 address.
std::optional<ip::address_v4> embedded(const ip::address_v6& address) {
  constexpr std::array<unsigned char, 12> kNat64 = {0, 0x64, 0xff, 0x9b};
  constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<unsigned char, 12> kCompatible = {};
  const auto bytes = address.to_bytes();
  const auto four_at = [&](std::size_t at) {
    return ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
  };
  for (const auto& prefix : {kNat64, kMapped, kCompatible}) {
    if (std::equal(prefix.begin(), prefix.end(), bytes.begin())) return four_at(prefix.size());
  }
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return four_at(2);  // 6to4
  return std::nullopt;
}

}  // namespace

std::string_view special_use(const ip::address& address) {
  if (address.is_v4()) return special_use(address.to_v4());
  const ip::address_v6 six = address.to_v6();
  if (six.is_unspecified()) return "unspecified";
  if (six.is_loopback()) return "loopback";
  if (six.is_link_local()) return "link-local";
  if (six.is_multicast()) return "multicast";
  const auto four = embedded(six);
  return four ? special_use(*four) : "";
}

std::optional<Networks::Network> Networks::parse_network(const std::string& entry) {
  if (const auto address = address_of(entry)) {
    return Network{*address, static_cast<unsigned short>(address->is_v4() ? 32 : 128)};
  }
  boost::system::error_code error;
  const auto four = ip::make_network_v4(entry, error);
  if (!error) return Network{four.network(), four.prefix_length()};
  const auto six = ip::make_network_v6(entry, error);
  if (!error) return Network{six.network(), six.prefix_length()};
  return std::nullopt;
}

base::Result<Networks> Networks::parse(const std::vector<std::string>& entries) {
  Networks networks;
  for (const std::string& entry : entries) {
    const auto network = parse_network(entry);
    if (!network) {
      return base::Error{
          base::ErrorCode::kInvalid,
          fmt::format("'{}' is not an address or a network such as 10.0.0.0/8", entry)};
    }
    networks.networks_.push_back(*network);
  }
  return networks;
}

bool Networks::contains(const ip::address& address) const {
  const auto four = address.is_v6() ? embedded(address.to_v6()) : std::nullopt;
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return inside(address, network.address, network.bits) ||
           (four && inside(*four, network.address, network.bits));
  });
}

namespace {

// Returns the shortest prefix length, at least `min`, for which `bytes` can be the first address
// of a network, that is the network address plus one.
template <class Bytes>
int common_bits(const Bytes& bytes, int min) {
  int bits = static_cast<int>(bytes.size() * 8);
  // The last bit does not count: it is set because the address is the network address plus one.
  for (int bit = bits - 2; bit >= min; --bit) {
    const auto byte = bytes[static_cast<std::size_t>(bit / 8)];
    if (((byte >> (7 - bit % 8)) & 1) != 0) return bit + 1;
  }
  return min;
}

}  // namespace

std::string service_network_of(const std::string& kubernetes_address) {
  constexpr int kMinBits4 = 12;  // kube-apiserver accepts at most 20 host bits
  constexpr int kMinBits6 = 108;
  const auto address = address_of(kubernetes_address);
  if (!address) return "";
  if (address->is_v4()) {
    const int bits = common_bits(address->to_v4().to_bytes(), kMinBits4);
    return fmt::format(
        "{}/{}",
        ip::network_v4(address->to_v4(), static_cast<unsigned short>(bits)).network().to_string(),
        bits);
  }
  const int bits = common_bits(address->to_v6().to_bytes(), kMinBits6);
  return fmt::format(
      "{}/{}",
      ip::network_v6(address->to_v6(), static_cast<unsigned short>(bits)).network().to_string(),
      bits);
}

std::optional<InsecureRegistries::Host> InsecureRegistries::parse_host(const std::string& entry) {
  if (const auto address = address_of(entry)) return Host{address->to_string(), std::nullopt};
  const auto server = net::parse_server_url("http://" + entry);
  if (!server || !server->base_path.empty() || entry.find('/') != std::string::npos) {
    return std::nullopt;
  }
  const bool has_port = entry.back() != ']' && entry.find(':') != std::string::npos;
  const auto address = address_of(server->host);
  Host host{address ? address->to_string() : base::lower(server->host), std::nullopt};
  if (has_port) host.port = server->port;
  return host;
}

base::Result<InsecureRegistries> InsecureRegistries::parse(
    const std::vector<std::string>& entries) {
  InsecureRegistries registries;
  std::vector<std::string> networks;
  for (const std::string& entry : entries) {
    if (auto host = parse_host(entry)) {
      registries.hosts_.push_back(std::move(*host));
    } else if (Networks::parse({entry})) {
      networks.push_back(entry);
    } else {
      return base::Error{base::ErrorCode::kInvalid,
                         fmt::format("{} is not a host, host:port or network such as 10.0.0.0/8",
                                     base::quoted(entry))};
    }
  }
  registries.networks_ = *Networks::parse(networks);
  return registries;
}

bool InsecureRegistries::matches(const net::ServerUrl& server) const {
  const auto address = address_of(server.host);
  return matches_host(server) || (address && networks_.contains(*address));
}

bool InsecureRegistries::matches_host(const net::ServerUrl& server) const {
  const auto address = address_of(server.host);
  const std::string host = address ? address->to_string() : base::lower(server.host);
  const bool usual_port = server.port == kHttpsPort || server.port == kHttpPort;
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const Host& entry) {
    return entry.name == host && (entry.port ? *entry.port == server.port : usual_port);
  });
}

bool may_connect_to(const ip::address& address, const net::ServerUrl& server,
                    const InsecureRegistries& insecure, const DeniedAddresses& denied) {
  if (denied.always.contains(address)) return false;
  if (denied.services.contains(address)) return insecure.matches_host(server);
  return special_use(address).empty() || insecure.matches(server);
}

}  // namespace registry
