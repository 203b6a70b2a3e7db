#include "net/url.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/url/parse.hpp>

#include "base/text/number.h"
#include "base/text/text.h"

namespace net {
namespace {

using base::invalid;

constexpr std::uint16_t kSocksPort = 1080;

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// Returns whether the host is a name or an IP address. The check is needed because a URL can hold
// any other character in percent-encoded form.
bool is_host(std::string_view host) {
  if (host.find(':') != std::string_view::npos) {
    boost::system::error_code wrong;
    boost::asio::ip::make_address_v6(host, wrong);
    return !wrong;
  }
  constexpr std::string_view kMarks = "-._";
  return std::all_of(host.begin(), host.end(), [&](char character) {
    return base::is_alphanumeric(character) || kMarks.find(character) != std::string_view::npos;
  });
}

// Parses the parts that the URLs of servers and proxies have in common. `default_port` applies when
// the URL has no port.
base::Result<Address> parse_address(const boost::urls::url_view& url, std::uint16_t default_port) {
  Address address;
  address.host = url.host_address();
  address.port = default_port;
  if (address.host.empty()) return invalid("the URL has no host");
  if (!is_host(address.host)) return invalid("the host of the URL is not a name or an address");
  if (url.has_port() && !url.port().empty()) {
    // The digits are parsed here because Boost 1.81 reads 99999 as a smaller port.
    const auto digits = url.port();
    address.port = base::whole_number<std::uint16_t>({digits.data(), digits.size()}).value_or(0);
    if (address.port == 0) return invalid("the port of the URL is not between 1 and 65535");
  }
  // Boost 1.81 parses "host:80x" as port 80 and the path "x".
  if (!url.encoded_path().empty() && url.encoded_path().front() != '/') {
    return invalid("the port of the URL is not a number");
  }
  if (url.has_query() || url.has_fragment()) {
    return invalid("the URL has a query or a fragment");
  }
  return address;
}

struct ProxyScheme {
  ProxyKind kind;
  std::uint16_t port;
};

base::Result<ProxyScheme> proxy_scheme(const boost::urls::url_view& url) {
  using boost::urls::scheme;
  if (url.scheme_id() == scheme::http) return ProxyScheme{ProxyKind::kHttp, kHttpPort};
  if (url.scheme_id() == scheme::https) return ProxyScheme{ProxyKind::kHttps, kHttpsPort};
  const std::string other = base::lower(std::string(url.scheme().data(), url.scheme().size()));
  // Go's HTTP client treats socks5 and socks5h alike.
  if (other == "socks5" || other == "socks5h") return ProxyScheme{ProxyKind::kSocks5, kSocksPort};
  return invalid("expected a URL that begins with http://, https:// or socks5://");
}

}  // namespace

std::optional<boost::asio::ip::address> address_of(std::string_view text) {
  boost::system::error_code not_address;
  const auto address = boost::asio::ip::make_address(text, not_address);
  if (not_address) return std::nullopt;
  return address;
}

std::string with_brackets(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  return fmt::format("{}:{}", with_brackets(host), port);
}

std::string ServerUrl::authority() const {
  const bool is_default = port == (tls ? kHttpsPort : kHttpPort);
  return is_default ? with_brackets(host) : host_and_port(host, port);
}

std::string ServerUrl::text() const {
  return fmt::format("{}://{}{}", tls ? "https" : "http", authority(), base_path);
}

std::string ProxyUrl::shown() const {
  const std::string_view scheme = kind == ProxyKind::kSocks5  ? "socks5"
                                  : kind == ProxyKind::kHttps ? "https"
                                                              : "http";
  return fmt::format("{}://{}", scheme, host_and_port(host, port));
}

base::Result<ServerUrl> parse_server_url(std::string_view text) {
  const auto url = boost::urls::parse_uri({text.data(), text.size()});
  if (!url) return invalid("not a URL such as https://host:6443");
  using boost::urls::scheme;
  const bool tls = url->scheme_id() == scheme::https;
  if (!tls && url->scheme_id() != scheme::http) {
    return invalid("expected a URL that begins with https:// or http://");
  }
  const auto address = parse_address(*url, tls ? kHttpsPort : kHttpPort);
  if (!address) return address.error();
  if (url->has_userinfo()) return invalid("the URL must not contain a user name or password");
  ServerUrl server{tls, address->host, address->port, std::string(url->encoded_path())};
  while (!server.base_path.empty() && server.base_path.back() == '/') server.base_path.pop_back();
  return server;
}

base::Result<ProxyUrl> parse_proxy_url(std::string_view text) {
  const auto url = boost::urls::parse_uri({text.data(), text.size()});
  if (!url) return invalid("not a URL such as http://proxy:3128");
  const auto scheme = proxy_scheme(*url);
  if (!scheme) return scheme.error();
  const auto address = parse_address(*url, scheme->port);
  if (!address) return address.error();
  ProxyUrl proxy{scheme->kind, address->host, address->port, {}, {}};
  if (url->has_userinfo()) {
    proxy.user = url->user();
    proxy.password = url->password();
  }
  return proxy;
}

}  // namespace net
