// A Connection opens and holds one connection to a server: it resolves the name, connects (through
// a proxy if the route has one, or to a Unix socket) and performs the TLS handshake. It carries one
// exchange at a time and buffers nothing between exchanges. Only HttpClient and ConnectionPool use
// it. It has one owner and is used on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/channel.h"
#include "net/http/http.h"
#include "net/server_route.h"
#include "net/tls.h"

namespace net {

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
  // neither the server nor the proxy uses TLS. Errors: kNetwork, kTimeout, kTls. kMalformed,
  // kTooLarge: the proxy sent an invalid answer. kInvalid: the proxy's protocol cannot carry the
  // credentials or the host name. If the guard allows no address, the error is the guard's for the
  // last address. The message names the host, except for a Unix socket, for which it is the
  // system's error alone.
  boost::asio::awaitable<base::Result<void>> connect(const ServerRoute& route,
                                                     std::shared_ptr<TlsContext> context,
                                                     Instant deadline);

  // Writes all of `bytes`, which must outlive the call. Errors: kNetwork, kTimeout, kTls.
  boost::asio::awaitable<base::Result<void>> write(std::string_view bytes, Instant deadline);

  // Waits for bytes and feeds them to the parser. When the peer has closed its side, reports this
  // to the parser. Then reads the bytes that have already arrived, without waiting, while the
  // parser holds less than `batch` bytes of body. Errors: kNetwork, kTimeout, kTls, and those of
  // the parser.
  boost::asio::awaitable<base::Result<void>> advance(AnswerParser& parser, std::size_t batch,
                                                     Instant deadline);

  // Returns whether the idle connection can still carry a request.
  bool is_reusable() { return channel_ && channel_->is_reusable(); }

  // Returns how many bytes the kernel has accepted so far.
  std::uint64_t written() const { return channel_ ? channel_->written() : 0; }

  // Returns the TLS context that was given to connect(); null without one.
  const TlsContext* context() const { return context_.get(); }

 private:
  using Endpoint = boost::asio::ip::tcp::endpoint;
  using Endpoints = std::vector<Endpoint>;
  using StreamProtocol = boost::asio::generic::stream_protocol;  // TCP or a Unix socket

  boost::asio::awaitable<base::Result<Endpoints>> resolve(const std::string& host,
                                                          std::uint16_t port, Instant deadline);
  boost::asio::awaitable<boost::system::error_code> connect_endpoint(
      StreamProtocol::endpoint endpoint, Instant deadline);
  boost::asio::awaitable<base::Result<void>> connect_unix(const std::string& path,
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
  // Waits until the operation with this result, which is not kDone, can be tried again. kNetwork:
  // the peer has closed the connection; the error of the result.
  boost::asio::awaitable<base::Result<void>> wait_after(const IoResult& result, Instant deadline);
  boost::asio::awaitable<base::Result<void>> read_once(AnswerParser& parser, Instant deadline);
  void set_options(std::chrono::milliseconds tcp_user_timeout);

  boost::asio::any_io_executor executor_;
  std::span<char> scratch_;
  std::size_t since_yield_ = 0;
  std::shared_ptr<TlsContext> context_;
  StreamProtocol::socket socket_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<Channel> channel_;  // uses socket_, so it is destroyed first
};

}  // namespace net
