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

// An HTTP proxy that is asked to CONNECT; always, even for a server without TLS.
struct ProxyUrl {
  bool tls = false;  // TLS to the proxy itself; it is verified as the server is
  std::string host;
  std::uint16_t port = 80;
  std::string user;  // with the password: Proxy-Authorization; both decoded
  std::string password;

  // "http://host:port": without user and password, so that it may be shown.
  std::string shown() const;

  bool operator==(const ProxyUrl&) const = default;
};

// A host as URLs have it: an IPv6 address in brackets.
std::string with_brackets(const std::string& host);

// kInvalid with what is wrong; the message does not repeat the text, which may hold a password.
base::Result<ServerUrl> parse_server_url(std::string_view text);
base::Result<ProxyUrl> parse_proxy_url(std::string_view text);

// The proxy that HTTPS_PROXY (for a server without TLS HTTP_PROXY) and NO_PROXY, or their
// lower-case forms, give for the server, as Go's net/http reads them: never for loopback.
base::Result<std::optional<ProxyUrl>> proxy_from_environment(
    const ServerUrl& server, const base::EnvironmentVariables& environment);

}  // namespace net
