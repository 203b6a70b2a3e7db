// A ServerRoute describes how a server is reached: its URL or Unix socket, the proxy, the name in
// its certificate and the addresses that are allowed. It is a value that any thread may use.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/http/http.h"
#include "net/url.h"

namespace net {

struct ServerRoute {
  ServerUrl server;
  std::optional<ProxyUrl> proxy;
  std::string tls_name;  // host name or IP address that the server's certificate must match
  std::chrono::milliseconds tcp_user_timeout{};
  std::size_t header_bytes = 0;  // limit for the head of a proxy's answer to CONNECT

  // Returns an error if no connection may be made to an address of the server. The guard is called
  // for the resolved addresses, and the connection is made to the same addresses, so a DNS answer
  // that changes later cannot bypass the guard. An empty function allows every address. The guard
  // is called neither for the proxy's address nor for addresses that the proxy resolves.
  using Guard = std::function<base::Result<void>(const boost::asio::ip::address&)>;
  Guard guard = {};

  // The path of a Unix socket. If it is set, connections go to this socket without proxy and guard,
  // and `server` serves only for the Host header.
  std::string unix_socket = {};

  // Returns true for a server without TLS behind an HTTP or HTTPS proxy: requests go to the proxy
  // itself, which passes them on. Every other server behind a proxy is reached through a tunnel.
  bool passes_requests() const { return proxy && proxy->kind != ProxyKind::kSocks5 && !server.tls; }

  // Returns whether a connection needs a TLS context: for the server, for the proxy, or for both.
  bool uses_tls() const { return server.tls || (proxy && proxy->tls()); }

  // Returns the target for the request line: `target` itself, or the absolute URL (RFC 9112, 3.2.2)
  // for a proxy that passes requests on.
  std::string request_target(const std::string& target) const;

  // Adds the proxy's credentials to `headers` if the proxy passes requests on.
  void add_proxy_headers(std::vector<HeaderLine>& headers) const;
};

// Adds the header with the proxy's user name and password, if the proxy has any.
void add_proxy_authorization(const ProxyUrl& proxy, std::vector<HeaderLine>& headers);

}  // namespace net
