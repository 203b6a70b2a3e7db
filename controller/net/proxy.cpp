#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "base/text/text.h"
#include "net/url.h"

namespace net {
namespace {

namespace ip = boost::asio::ip;

// Returns the variable `upper` if it is set, else the variable `lower_case`, as Go does.
std::string environment_value(const base::EnvironmentVariables& environment, std::string_view upper,
                              std::string_view lower_case) {
  const std::string value = base::variable(environment, upper);
  return value.empty() ? base::variable(environment, lower_case) : value;
}

// Returns true when the pattern is a network such as 10.0.0.0/8 or fd00::/8; `inside` is then set
// to whether the address is in it.
bool matches_network(const std::string& pattern, const std::optional<ip::address>& address,
                     bool& inside) {
  boost::system::error_code error;
  const auto four = ip::make_network_v4(pattern, error);
  if (!error) {
    inside = address && address->is_v4() &&
             ip::network_v4(address->to_v4(), four.prefix_length()).canonical() == four.canonical();
    return true;
  }
  const auto six = ip::make_network_v6(pattern, error);
  if (error) return false;
  inside = address && address->is_v6() &&
           ip::network_v6(address->to_v6(), six.prefix_length()).canonical() == six.canonical();
  return true;
}

// Splits "host:port" or "[address]:port" and removes the brackets. Without a port in the pattern,
// `port` is unchanged.
void split_port(const std::string& pattern, std::string& host, std::string& port) {
  host = pattern;
  const std::size_t colon = pattern.rfind(':');
  const bool one_colon = colon != std::string::npos && pattern.find(':') == colon;
  const bool bracketed = !pattern.empty() && pattern.front() == '[';
  if (one_colon || (bracketed && colon > pattern.find(']'))) {
    if (colon != std::string::npos) {
      host = pattern.substr(0, colon);
      port = pattern.substr(colon + 1);
    }
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
}

// Returns whether `pattern`, one entry of NO_PROXY, matches the server.
bool excludes(const std::string& pattern, const ServerUrl& server) {
  if (pattern == "*") return true;
  const std::optional<ip::address> address = address_of(server.host);
  bool inside = false;
  if (matches_network(pattern, address, inside)) return inside;
  std::string host;
  std::string port;
  split_port(pattern, host, port);
  if (host.empty() || (!port.empty() && port != std::to_string(server.port))) return false;
  if (const auto named = address_of(host)) return address == named;
  if (host.starts_with("*.")) host.erase(0, 1);
  const std::string name = base::lower(server.host);
  if (host.front() == '.') return name.ends_with(host);
  return name == host || name.ends_with("." + host);
}

bool is_excluded_by_no_proxy(const std::string& list, const ServerUrl& server) {
  for (const std::string_view item : base::parts(list, ',')) {
    const std::string pattern = base::lower(std::string(base::trimmed(item)));
    if (!pattern.empty() && excludes(pattern, server)) return true;
  }
  return false;
}

}  // namespace

base::Result<std::optional<ProxyUrl>> proxy_from_environment(
    const ServerUrl& server, const base::EnvironmentVariables& environment) {
  const std::string text = server.tls ? environment_value(environment, "HTTPS_PROXY", "https_proxy")
                                      : environment_value(environment, "HTTP_PROXY", "http_proxy");
  const std::optional<ip::address> address = address_of(server.host);
  if (text.empty() || server.host == "localhost" || (address && address->is_loopback()) ||
      is_excluded_by_no_proxy(environment_value(environment, "NO_PROXY", "no_proxy"), server)) {
    return std::optional<ProxyUrl>();
  }
  // A proxy without a scheme, such as "proxy:3128", is reached by HTTP.
  const bool has_scheme = text.find("://") != std::string::npos;
  const auto proxy = parse_proxy_url(has_scheme ? text : "http://" + text);
  if (!proxy) {
    return base::prefixed(server.tls ? "HTTPS_PROXY" : "HTTP_PROXY", proxy.error());
  }
  return std::optional<ProxyUrl>(*proxy);
}

}  // namespace net
