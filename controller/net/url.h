// Servers and proxies by their URLs. Values; any thread. A proxy's may hold a password.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/environment.h"
#include "base/error.h"

namespace net {

// "https://host:port/base/path". http is for tests and local proxies.
struct ServerUrl {
  bool tls = true;
  std::string host;  // a name or an IP address, without brackets
  std::uint16_t port = 443;
  std::string base_path;  // empty or "/path" without a slash at its end, percent-encoded

  // "host:port" as in a Host header, with brackets; without the port the scheme implies.
  std::string authority() const;
  // The whole.
  std::string text() const;

  bool operator==(const ServerUrl&) const = default;
};

enum class ProxyKind {
  kHttp,
  kHttps,   // TLS to the proxy itself, whose certificate is verified as the server's is
  kSocks5,  // RFC 1928; the proxy looks up the server's name
};

struct ProxyUrl {
  ProxyKind kind = ProxyKind::kHttp;
  std::string host;
  std::uint16_t port = 80;
  std::string user;  // decoded, as is the password
  std::string password;

  bool tls() const { return kind == ProxyKind::kHttps; }

  // "http://host:port": without user and password, so that it may be shown.
  std::string shown() const;

  bool operator==(const ProxyUrl&) const = default;
};

// A host as URLs have it: an IPv6 address in brackets.
std::string with_brackets(const std::string& host);

// kInvalid with what is wrong; the message does not repeat the text, which may hold a password.
base::Result<ServerUrl> parse_server_url(std::string_view text);
base::Result<ProxyUrl> parse_proxy_url(std::string_view text);  // http, https, socks5, socks5h

// The proxy that HTTPS_PROXY (for a server without TLS HTTP_PROXY) and NO_PROXY, or their
// lower-case forms, give for the server, as Go's net/http reads them: never for loopback, and
// ALL_PROXY does not count.
base::Result<std::optional<ProxyUrl>> proxy_from_environment(
    const ServerUrl& server, const base::EnvironmentVariables& environment);

}  // namespace net
