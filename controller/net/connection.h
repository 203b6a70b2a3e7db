// A Connection opens and holds one connection to a server: it resolves the name, connects (through
// a proxy if the route has one) and performs the TLS handshake. It carries one exchange at a time
// and buffers nothing between exchanges. One owner; on the thread of the io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/channel.h"
#include "net/http.h"
#include "net/tls.h"
#include "net/url.h"

namespace net {

// How a server is reached. The connections of a transport share one ServerRoute; only the TLS
// context may differ between them.
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

  // True for a server without TLS behind an HTTP or HTTPS proxy: requests go to the proxy itself,
  // which passes them on. Every other server behind a proxy is reached through a tunnel.
  bool passes_requests() const { return proxy && proxy->kind != ProxyKind::kSocks5 && !server.tls; }

  // Returns the target for the request line: `target` itself, or the absolute URL (RFC 9112, 3.2.2)
  // for a proxy that passes requests on.
  std::string request_target(const std::string& target) const;

  // Adds the proxy's credentials to `headers` if the proxy passes requests on.
  void add_proxy_headers(std::vector<HeaderLine>& headers) const;
};

// Every coroutine throws boost::system::system_error (operation_aborted) when it is cancelled. A
// connection that failed, timed out or was cancelled cannot be used again.
class Connection {
 public:
  using Instant = boost::asio::steady_timer::time_point;

  // `scratch` is the read buffer. Connections of one thread can share it, because a read and the
  // processing of its bytes do not suspend.
  Connection(const boost::asio::any_io_executor& executor, std::span<char> scratch);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Connects as `route` describes; `route` must outlive the call. `context` may be null when
  // neither the server nor the proxy uses TLS. kNetwork, kTimeout, kTls; the guard's error for the
  // last address when it allows none; kMalformed, kTooLarge: an invalid answer of the proxy;
  // kInvalid: credentials or a host name that the proxy's protocol cannot carry.
  boost::asio::awaitable<base::Result<void>> connect(const ServerRoute& route,
                                                     std::shared_ptr<TlsContext> context,
                                                     Instant deadline);

  // Writes all of `bytes`, which must outlive the call. Errors: kNetwork, kTimeout, kTls.
  boost::asio::awaitable<base::Result<void>> write(std::string_view bytes, Instant deadline);

  // Waits for bytes and feeds them to the parser. When the peer has closed its side, reports this
  // to the parser. Then reads what has already arrived, without waiting, while the parser holds
  // less than `batch` bytes of body. Errors: kNetwork, kTimeout, kTls, and those of the parser.
  boost::asio::awaitable<base::Result<void>> advance(AnswerParser& parser, std::size_t batch,
                                                     Instant deadline);

  // True when the idle connection can still carry a request.
  bool is_reusable() { return channel_ && channel_->is_reusable(); }

  // Bytes that the kernel has accepted so far.
  std::uint64_t written() const { return channel_ ? channel_->written() : 0; }

  // Returns the TLS context that was given to connect(); null without one.
  const TlsContext* context() const { return context_.get(); }

 private:
  using Endpoint = boost::asio::ip::tcp::endpoint;
  using Endpoints = std::vector<Endpoint>;

  boost::asio::awaitable<base::Result<Endpoints>> resolve(const std::string& host,
                                                          std::uint16_t port, Instant deadline);
  boost::asio::awaitable<boost::system::error_code> connect_endpoint(const Endpoint& endpoint,
                                                                     Instant deadline);
  boost::asio::awaitable<base::Result<void>> connect_socket(const std::string& host,
                                                            std::uint16_t port,
                                                            const ServerRoute::Guard& guard,
                                                            Instant deadline);
  boost::asio::awaitable<base::Result<void>> tunnel(const ServerRoute& route, Instant deadline);
  boost::asio::awaitable<base::Result<void>> socks(const ServerRoute& route, Instant deadline);
  boost::asio::awaitable<base::Result<void>> enter_proxy(const ServerRoute& route,
                                                         Instant deadline);
  // Writes bytes and reads an answer of `size` bytes.
  boost::asio::awaitable<base::Result<std::string>> exchange(const std::string& bytes,
                                                             std::size_t size, Instant deadline);
  boost::asio::awaitable<base::Result<std::string>> read_exactly(std::size_t size,
                                                                 Instant deadline);
  boost::asio::awaitable<base::Result<void>> secure(std::shared_ptr<TlsContext> context,
                                                    const std::string& name, TlsChannel::Role role,
                                                    Instant deadline);
  boost::asio::awaitable<base::Result<void>> wait(IoStatus direction, Instant deadline);
  boost::asio::awaitable<base::Result<void>> read_once(AnswerParser& parser, Instant deadline);
  void set_options(std::chrono::milliseconds tcp_user_timeout);

  boost::asio::any_io_executor executor_;
  std::span<char> scratch_;
  std::size_t since_yield_ = 0;
  std::shared_ptr<TlsContext> context_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<Channel> channel_;  // uses socket_, so it is destroyed first
};

}  // namespace net
