// One connection to a server: resolved, connected, through a proxy if there is one, with TLS,
// one exchange at a time. Nothing is buffered between exchanges. one owner;
// on the thread of the io_context.
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

// Where to and how; the same for every connection of a transport but the context.
struct Route {
  ServerUrl server;
  std::optional<ProxyUrl> proxy;
  std::string tls_name;  // what the server's certificate has to be for
  std::chrono::milliseconds tcp_user_timeout{};
  std::size_t header_bytes = 0;

  // Says why no connection may be made to an address of the server; asked of the very address that
  // is connected to, so that it does not matter what a name means a moment later. An empty function
  // allows all. The address of a proxy is not asked about, nor what the proxy makes of a name.
  using Guard = std::function<base::Result<void>(const boost::asio::ip::address&)>;
  Guard guard = {};

  // True for a server without TLS behind an HTTP proxy: requests go to the proxy itself, which
  // passes them on. All other servers are reached through a tunnel.
  bool passes_requests() const { return proxy && proxy->kind != ProxyKind::kSocks5 && !server.tls; }

  // What a request for this target of the server begins with: the target, or the whole URL for a
  // proxy that passes requests on.
  std::string request_target(const std::string& target) const;

  // Credentials for a proxy that passes requests on are added to `headers`.
  void add_proxy_headers(std::vector<HeaderLine>& headers) const;
};

// Every coroutine throws boost::system::system_error (operation_aborted) when it is cancelled. A
// connection that failed, timed out or was cancelled is of no more use.
class Connection {
 public:
  using Instant = boost::asio::steady_timer::time_point;

  // scratch is where bytes are read into; shared by all connections, which never read at once.
  Connection(const boost::asio::any_io_executor& executor, std::span<char> scratch);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // context is none for a server and a proxy without TLS. kNetwork, kTimeout, kTls, or what the
  // guard said of the last address when it let none pass. route has to live until this returns.
  boost::asio::awaitable<base::Result<void>> connect(const Route& route,
                                                     std::shared_ptr<TlsContext> context,
                                                     Instant deadline);

  // All of bytes, which have to live until this returns. kNetwork, kTimeout, kTls.
  boost::asio::awaitable<base::Result<void>> write(std::string_view bytes, Instant deadline);

  // Reads something and gives it to the parser, or tells it that the peer has ended. More is read
  // without waiting as long as the parser holds less than `batch` bytes of body.
  // kNetwork, kTimeout, kTls, and what the parser says.
  boost::asio::awaitable<base::Result<void>> advance(AnswerParser& parser, std::size_t batch,
                                                     Instant deadline);

  // True when it can still carry a request.
  bool quiet() { return channel_ && channel_->quiet(); }

  // Bytes that the kernel took so far.
  std::uint64_t written() const { return channel_ ? channel_->written() : 0; }

  // What TLS identity it was made with.
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
                                                            const Route::Guard& guard,
                                                            Instant deadline);
  boost::asio::awaitable<base::Result<void>> tunnel(const Route& route, Instant deadline);
  boost::asio::awaitable<base::Result<void>> socks(const Route& route, Instant deadline);
  boost::asio::awaitable<base::Result<void>> enter_proxy(const Route& route, Instant deadline);
  // Writes bytes and reads an answer of `size` bytes.
  boost::asio::awaitable<base::Result<std::string>> exchange(const std::string& bytes,
                                                             std::size_t size, Instant deadline);
  boost::asio::awaitable<base::Result<std::string>> read_exactly(std::size_t size,
                                                                 Instant deadline);
  boost::asio::awaitable<base::Result<void>> secure(std::shared_ptr<TlsContext> context,
                                                    const std::string& name, TlsChannel::Role role,
                                                    Instant deadline);
  boost::asio::awaitable<base::Result<void>> wait(Progress direction, Instant deadline);
  boost::asio::awaitable<base::Result<void>> read_once(AnswerParser& parser, Instant deadline);
  void set_options(std::chrono::milliseconds tcp_user_timeout);

  boost::asio::any_io_executor executor_;
  std::span<char> scratch_;
  std::size_t since_yield_ = 0;
  std::shared_ptr<TlsContext> context_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<Channel> channel_;  // over socket_, so gone before it
};

}  // namespace net
