#include "net/connection.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "async/wait.h"
#include "base/limits.h"
#include "net/socks.h"

namespace net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

base::Error timed_out(std::string message) {
  return {base::ErrorCode::kTimeout, std::move(message)};
}

int as_seconds(std::chrono::seconds duration) { return static_cast<int>(duration.count()); }

void set_option(int descriptor, int level, int option, int value) {
  // An error is ignored: a socket without the option still works, but detects a dead peer later.
  ::setsockopt(descriptor, level, option, &value, sizeof value);
}

// The state of one name lookup. getaddrinfo cannot be interrupted, so a caller that gives up leaves
// the lookup running; its completion handler shares ownership of this state.
struct Lookup {
  Lookup(const asio::any_io_executor& executor, asio::steady_timer::time_point deadline)
      : resolver(executor), timer(executor, deadline) {}

  tcp::resolver resolver;
  asio::steady_timer timer;  // cancelled when the lookup completes
  bool done = false;
  boost::system::error_code error;
  std::vector<tcp::endpoint> endpoints;
};

}  // namespace

Connection::Connection(const asio::any_io_executor& executor, std::span<char> scratch)
    : executor_(executor), scratch_(scratch), socket_(executor), timer_(executor) {}

Connection::~Connection() = default;

void Connection::set_options(std::chrono::milliseconds tcp_user_timeout) {
  const int descriptor = socket_.native_handle();
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, as_seconds(limits::kTcpKeepAliveIdle));
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, as_seconds(limits::kTcpKeepAliveProbe));
  set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(tcp_user_timeout.count()));
}

asio::awaitable<base::Result<Connection::Endpoints>> Connection::resolve(const std::string& host,
                                                                         std::uint16_t port,
                                                                         Instant deadline) {
  if (const auto address = address_of(host)) co_return Endpoints{Endpoint(*address, port)};
  auto lookup = std::make_shared<Lookup>(executor_, deadline);
  lookup->resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [lookup](const boost::system::error_code& error, const tcp::resolver::results_type& results) {
        lookup->done = true;
        lookup->error = error;
        for (const auto& result : results) lookup->endpoints.push_back(result.endpoint());
        lookup->timer.cancel();
      });
  boost::system::error_code woken;
  auto waiting = lookup->timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  co_await std::move(waiting);
  if (!lookup->done) {
    lookup->resolver.cancel();
    if (woken) throw boost::system::system_error(woken);
    co_return timed_out("looking up " + host + " took too long");
  }
  if (lookup->error) {
    co_return base::Error{base::ErrorCode::kNetwork,
                          fmt::format("cannot look up {}: {}", host, lookup->error.message())};
  }
  co_return std::move(lookup->endpoints);
}

asio::awaitable<boost::system::error_code> Connection::connect_endpoint(
    StreamProtocol::endpoint endpoint, Instant deadline) {
  boost::system::error_code error;
  if (socket_.is_open()) socket_.close(error);
  socket_.open(endpoint.protocol(), error);
  if (error) co_return error;
  ::fcntl(socket_.native_handle(), F_SETFD, FD_CLOEXEC);
  socket_.non_blocking(true, error);
  if (error) co_return error;
  auto connected =
      async::wait_until(timer_, deadline, socket_.async_connect(endpoint, asio::deferred));
  const auto error_of_connect = co_await std::move(connected);
  co_return error_of_connect;
}

asio::awaitable<base::Result<void>> Connection::connect_unix(const std::string& path,
                                                             Instant deadline) {
  boost::system::error_code error = asio::error::name_too_long;
  if (path.size() < sizeof(sockaddr_un::sun_path)) {
    const asio::local::stream_protocol::endpoint endpoint(path);
    auto connecting = connect_endpoint(endpoint, deadline);
    error = co_await std::move(connecting);
  }
  if (error) co_return base::Error{base::ErrorCode::kNetwork, error.message()};
  channel_ = std::make_unique<SocketChannel>(socket_.native_handle());
  co_return base::Result<void>();
}

asio::awaitable<base::Result<void>> Connection::connect_socket(const std::string& host,
                                                               std::uint16_t port,
                                                               const ServerRoute::Guard& guard,
                                                               Instant deadline) {
  auto resolving = resolve(host, port, deadline);
  auto endpoints = co_await std::move(resolving);
  if (!endpoints) co_return endpoints.error();
  if (guard) {
    base::Result<void> verdict;
    std::erase_if(*endpoints, [&](const Endpoint& endpoint) {
      auto allowed = guard(endpoint.address());
      const bool refused = !allowed;
      if (refused) verdict = std::move(allowed);
      return refused;
    });
    if (endpoints->empty() && !verdict) co_return verdict.error();
  }
  boost::system::error_code error = asio::error::host_not_found;
  std::size_t left = endpoints->size();
  for (const Endpoint& endpoint : *endpoints) {
    // Each address gets an equal share of the remaining time, so that an address that does not
    // answer leaves time for the others.
    const Instant now = std::chrono::steady_clock::now();
    const Instant share = now + (deadline - now) / static_cast<int>(left--);
    auto connecting = connect_endpoint(endpoint, share);
    error = co_await std::move(connecting);
    if (!error) co_return base::Result<void>();
  }
  const auto code =
      error == asio::error::timed_out ? base::ErrorCode::kTimeout : base::ErrorCode::kNetwork;
  co_return base::Error{
      code, fmt::format("cannot connect to {}: {}", host_and_port(host, port),
                        error == asio::error::timed_out ? "no answer in time" : error.message())};
}

asio::awaitable<base::Result<void>> Connection::secure(std::shared_ptr<TlsContext> context,
                                                       const std::string& name,
                                                       TlsChannel::Role role, Instant deadline) {
  auto tls = std::make_unique<TlsChannel>(std::move(context), std::move(channel_), name, role);
  TlsChannel& handshaking = *tls;
  channel_ = std::move(tls);
  for (;;) {
    const IoResult result = handshaking.handshake();
    if (result.status == IoStatus::kDone) co_return base::Result<void>();
    if (result.status == IoStatus::kFailed && result.error.code == base::ErrorCode::kNetwork) {
      co_return base::Error{base::ErrorCode::kNetwork, name + ": " + result.error.message};
    }
    if (result.status == IoStatus::kFailed) co_return result.error;
    auto waiting = wait(result.status, deadline);
    const auto waited = co_await std::move(waiting);
    if (waited) continue;
    if (waited.error().code != base::ErrorCode::kTimeout) co_return waited.error();
    co_return timed_out("no answer to the TLS handshake from " + name + " in time");
  }
}

asio::awaitable<base::Result<void>> Connection::tunnel(const ServerRoute& route, Instant deadline) {
  const std::string target = host_and_port(route.server.host, route.server.port);
  std::vector<HeaderLine> headers = {{"Host", target}};
  add_proxy_authorization(*route.proxy, headers);
  const auto head = request_head("CONNECT", target, headers);
  if (!head) co_return head.error();
  auto writing = write(*head, deadline);
  const auto sent = co_await std::move(writing);
  if (!sent) co_return sent.error();
  AnswerParser parser({route.header_bytes, 0}, AnswerParser::Kind::kConnect);
  while (!parser.done()) {
    auto reading = read_once(parser, deadline);
    const auto read = co_await std::move(reading);
    if (!read) {
      co_return base::Error{read.error().code, fmt::format("the proxy {}: {}", route.proxy->shown(),
                                                           read.error().message)};
    }
  }
  if (!is_success(parser.status())) {
    co_return base::Error{base::ErrorCode::kNetwork,
                          fmt::format("the proxy {} does not connect to {}: HTTP status {}",
                                      route.proxy->shown(), target, parser.status())};
  }
  co_return base::Result<void>();
}

// Reads exactly `size` bytes, and so not into scratch_: a larger read could take bytes after the
// proxy's answer, which belong to the server.
asio::awaitable<base::Result<std::string>> Connection::read_exactly(std::size_t size,
                                                                    Instant deadline) {
  std::string bytes(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const IoResult result = channel_->read({bytes.data() + done, size - done});
    if (result.status == IoStatus::kDone) {
      done += result.bytes;
      continue;
    }
    auto waiting = wait_after(result, deadline);
    const auto waited = co_await std::move(waiting);
    if (!waited) co_return waited.error();
  }
  co_return bytes;
}

asio::awaitable<base::Result<std::string>> Connection::exchange(const std::string& bytes,
                                                                std::size_t size,
                                                                Instant deadline) {
  auto writing = write(bytes, deadline);
  const auto sent = co_await std::move(writing);
  if (!sent) co_return sent.error();
  auto reading = read_exactly(size, deadline);
  auto answer = co_await std::move(reading);
  co_return answer;
}

asio::awaitable<base::Result<void>> Connection::socks(const ServerRoute& route, Instant deadline) {
  const std::string greeting = socks::greeting(*route.proxy);
  auto greeted = exchange(greeting, socks::kMethodBytes, deadline);
  const auto choice = co_await std::move(greeted);
  if (!choice) co_return choice.error();
  const auto method = socks::parse_method(*choice);
  if (!method) co_return method.error();
  if (*method == socks::Method::kPassword) {
    const auto message = socks::password_message(*route.proxy);
    if (!message) co_return message.error();
    auto proving = exchange(*message, socks::kPasswordBytes, deadline);
    const auto answer = co_await std::move(proving);
    if (!answer) co_return answer.error();
    if (const auto proven = socks::parse_password_answer(*answer); !proven) co_return proven;
  }
  const auto message = socks::connect_message(route.server.host, route.server.port);
  if (!message) co_return message.error();
  auto connecting = exchange(*message, socks::kReplyBytes, deadline);
  const auto begin = co_await std::move(connecting);
  if (!begin) co_return begin.error();
  const auto rest = socks::rest_of_reply(*begin);
  if (!rest) co_return rest.error();
  auto reading = read_exactly(*rest, deadline);
  const auto bound_address = co_await std::move(reading);
  if (!bound_address) co_return bound_address.error();
  co_return base::Result<void>();
}

asio::awaitable<base::Result<void>> Connection::enter_proxy(const ServerRoute& route,
                                                            Instant deadline) {
  if (route.passes_requests()) co_return base::Result<void>();
  if (route.proxy->kind != ProxyKind::kSocks5) {
    auto tunnelling = tunnel(route, deadline);
    const auto tunnelled = co_await std::move(tunnelling);
    co_return tunnelled;
  }
  auto asking = socks(route, deadline);
  const auto connected = co_await std::move(asking);
  if (connected) co_return connected;
  co_return base::Error{
      connected.error().code,
      fmt::format("the proxy {} does not connect to {}: {}", route.proxy->shown(),
                  host_and_port(route.server.host, route.server.port), connected.error().message)};
}

asio::awaitable<base::Result<void>> Connection::connect(const ServerRoute& route,
                                                        std::shared_ptr<TlsContext> context,
                                                        Instant deadline) {
  context_ = context;
  if (!route.unix_socket.empty()) {
    auto reaching = connect_unix(route.unix_socket, deadline);
    auto reached = co_await std::move(reaching);
    co_return reached;
  }
  const bool proxied = route.proxy.has_value();
  const ServerRoute::Guard no_guard;
  auto connecting = connect_socket(proxied ? route.proxy->host : route.server.host,
                                   proxied ? route.proxy->port : route.server.port,
                                   proxied ? no_guard : route.guard, deadline);
  const auto connected = co_await std::move(connecting);
  if (!connected) co_return connected.error();
  set_options(route.tcp_user_timeout);
  channel_ = std::make_unique<SocketChannel>(socket_.native_handle());
  if (proxied) {
    if (route.proxy->tls()) {
      auto securing = secure(context, route.proxy->host, TlsChannel::Role::kProxy, deadline);
      const auto secured = co_await std::move(securing);
      if (!secured) co_return secured.error();
    }
    auto entering = enter_proxy(route, deadline);
    const auto entered = co_await std::move(entering);
    if (!entered) co_return entered.error();
  }
  if (!route.server.tls) co_return base::Result<void>();
  auto securing = secure(std::move(context), route.tls_name, TlsChannel::Role::kServer, deadline);
  auto secured = co_await std::move(securing);
  co_return secured;
}

asio::awaitable<base::Result<void>> Connection::wait(IoStatus direction, Instant deadline) {
  since_yield_ = 0;
  const auto type = direction == IoStatus::kWantWrite ? StreamProtocol::socket::wait_write
                                                      : StreamProtocol::socket::wait_read;
  auto waiting = async::wait_until(timer_, deadline, socket_.async_wait(type, asio::deferred));
  const boost::system::error_code error = co_await std::move(waiting);
  if (!error) co_return base::Result<void>();
  if (error == asio::error::timed_out) co_return timed_out("no complete answer in time");
  co_return base::Error{base::ErrorCode::kNetwork, error.message()};
}

asio::awaitable<base::Result<void>> Connection::wait_after(const IoResult& result,
                                                           Instant deadline) {
  if (result.status == IoStatus::kFailed) co_return result.error;
  if (result.status == IoStatus::kEnd) {
    co_return base::Error{base::ErrorCode::kNetwork, "the connection was closed"};
  }
  auto waiting = wait(result.status, deadline);
  auto waited = co_await std::move(waiting);
  co_return waited;
}

asio::awaitable<base::Result<void>> Connection::write(std::string_view bytes, Instant deadline) {
  while (!bytes.empty()) {
    const IoResult result = channel_->write(bytes);
    if (result.status == IoStatus::kDone) {
      bytes.remove_prefix(result.bytes);
      continue;
    }
    auto waiting = wait_after(result, deadline);
    const auto waited = co_await std::move(waiting);
    if (!waited) co_return waited.error();
  }
  co_return base::Result<void>();
}

asio::awaitable<base::Result<void>> Connection::read_once(AnswerParser& parser, Instant deadline) {
  for (;;) {
    const IoResult result = channel_->read(scratch_);
    if (result.status == IoStatus::kDone) {
      since_yield_ += result.bytes;
      co_return parser.feed({scratch_.data(), result.bytes});
    }
    if (result.status == IoStatus::kEnd) co_return parser.end();
    auto waiting = wait_after(result, deadline);
    const auto waited = co_await std::move(waiting);
    if (!waited) co_return waited.error();
  }
}

asio::awaitable<base::Result<void>> Connection::advance(AnswerParser& parser, std::size_t batch,
                                                        Instant deadline) {
  if (since_yield_ > limits::kBytesBeforeYield) {
    since_yield_ = 0;
    co_await asio::post(executor_, asio::use_awaitable);
  }
  auto reading = read_once(parser, deadline);
  auto read = co_await std::move(reading);
  // Read the bytes that have already arrived, because that needs no wait and saves another call.
  while (read && !parser.done() && parser.body_size() < batch) {
    const IoResult result = channel_->read(scratch_);
    if (result.status == IoStatus::kWantRead || result.status == IoStatus::kWantWrite) break;
    since_yield_ += result.bytes;
    if (result.status == IoStatus::kDone) {
      read = parser.feed({scratch_.data(), result.bytes});
    } else {
      read = result.status == IoStatus::kEnd ? parser.end() : base::Result<void>(result.error);
    }
  }
  co_return read;
}

}  // namespace net
