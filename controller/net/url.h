// Parses the URLs of servers and proxies. The types are values that any thread may use. A ProxyUrl
// may hold a password: messages must use ProxyUrl::shown().
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/environment.h"
#include "base/error.h"

namespace net {

inline constexpr std::uint16_t kHttpPort = 80;
inline constexpr std::uint16_t kHttpsPort = 443;

// A URL such as "https://host:port/base/path"; without TLS "http://…".
struct ServerUrl {
  bool tls = true;
  std::string host;  // a name or an IP address, without brackets
  std::uint16_t port = 443;
  std::string base_path;  // empty or "/path" without a slash at its end, percent-encoded

  // Returns "host:port" as in a Host header: an IPv6 address in brackets, the scheme's default port
  // left out.
  std::string authority() const;
  // Returns the whole URL.
  std::string text() const;

  bool operator==(const ServerUrl&) const = default;
};

enum class ProxyKind {
  kHttp,
  kHttps,   // TLS to the proxy, whose certificate is verified like a server's
  kSocks5,  // RFC 1928; the proxy looks up the server's name
};

struct ProxyUrl {
  ProxyKind kind = ProxyKind::kHttp;
  std::string host;
  std::uint16_t port = 80;
  std::string user;  // user and password are percent-decoded
  std::string password;

  bool tls() const { return kind == ProxyKind::kHttps; }

  // Returns "http://host:port" without user and password, for messages.
  std::string shown() const;

  bool operator==(const ProxyUrl&) const = default;
};

// Returns the IP address that the text is; nothing when it is another text, such as a name.
std::optional<boost::asio::ip::address> address_of(std::string_view text);

// Returns the host as it stands in a URL: an IPv6 address gets brackets.
std::string with_brackets(const std::string& host);

// Returns "host:port", an IPv6 address in brackets.
std::string host_and_port(const std::string& host, std::uint16_t port);

// The following functions parse a URL. kInvalid: the message names the error and does not quote the
// text, which may hold a password.
base::Result<ServerUrl> parse_server_url(std::string_view text);
base::Result<ProxyUrl> parse_proxy_url(std::string_view text);  // http, https, socks5, socks5h

// Returns the proxy for the server, as Go's net/http does: from HTTPS_PROXY (without TLS:
// HTTP_PROXY) and NO_PROXY, or from their lower-case forms. Returns nothing for localhost and
// loopback addresses. ALL_PROXY is ignored. kInvalid: the variable holds no valid URL.
base::Result<std::optional<ProxyUrl>> proxy_from_environment(
    const ServerUrl& server, const base::EnvironmentVariables& environment);

}  // namespace net
