#include "serve/http_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <utility>

#include "serve/answer.h"
#include "serve/sockets.h"

namespace serve {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

using Instant = ConnectionInfo::Instant;

// The buffer holds a whole head and the bytes of one read that may follow it.
constexpr std::size_t kBufferBytes = limits::kServeHeaderBytes + limits::kServeReadBytes;

// Spare capacity behind a large body, so that a JSON parser that appends padding to the body does
// not copy it.
constexpr std::size_t kBytesForParser = 64;

}  // namespace

// An open connection, which occupies a slot. The destructor closes the connection, also when its
// coroutine is cancelled.
struct HttpServer::Connection {
  Connection(HttpServer& owner, tcp::socket socket) : server(owner), stream(std::move(socket)) {
    info.id = ++server.last_;
    info.address = address_of(stream.socket());
    info.since = Instant::clock::now();
    server.open_.emplace(info.id, this);
    error_code ignored;
    stream.socket().set_option(tcp::no_delay(true), ignored);
  }
  ~Connection() {
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
    server.open_.erase(info.id);
    sent();
    server.room_.cancel();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void advance(RequestStage stage) {
    if (stage <= info.stage) return;
    info.stage = stage;
    if (stage == RequestStage::kClientHello || stage == RequestStage::kRequestHead)
      info.since = Instant::clock::now();
  }

  // Releases the memory that is charged for the answer.
  void sent() { server.answer_bytes_ -= std::exchange(answer_bytes, 0); }

  HttpServer& server;
  beast::tcp_stream stream;
  beast::flat_buffer buffer{kBufferBytes};
  ConnectionInfo info;
  async::TaskGroup::TaskId task = 0;
  bool evicted = false;
  std::size_t answer_bytes = 0;  // bytes of the answer that is being sent
};

struct HttpServer::Listening {
  HttpServer& server;

  ~Listening() {
    error_code ignored;
    server.acceptor_.close(ignored);
  }
};

namespace {

// Sends the answer. Returns whether all of it was sent. `timed`: the TCP stream below `stream`,
// which has the timeout.
template <class Stream>
asio::awaitable<bool> send(Stream& stream, beast::tcp_stream& timed, Answer answer,
                           std::chrono::milliseconds timeout) {
  const bool head_only = answer.head_only;
  http::response<http::string_body> message = to_message(std::move(answer));
  http::response_serializer<http::string_body> serializer(message);
  error_code failure;
  timed.expires_after(timeout);
  if (head_only) {
    auto writing = http::async_write_header(stream, serializer,
                                            asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(writing);
  } else {
    auto writing =
        http::async_write(stream, serializer, asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(writing);
  }
  co_return !failure;
}

}  // namespace

HttpServer::HttpServer(asio::any_io_executor executor, std::vector<Route> routes,
                       base::Logger& logger, ServerOptions options)
    : executor_(executor),
      routes_(std::move(routes)),
      logger_(logger),
      options_(options),
      acceptor_(executor),
      room_(executor),
      large_body_queue_(executor, options.large_keep_time),
      group_(executor) {}

base::Result<> HttpServer::bind(const BindAddress& address) {
  error_code failure;
  const tcp::endpoint endpoint = open(acceptor_, address, failure);
  if (!failure) acceptor_.set_option(asio::socket_base::reuse_address(true), failure);
  // Accepted connections inherit these sizes, so that unread and unsent bytes are bounded in the
  // kernel too.
  const asio::socket_base::receive_buffer_size receiving(limits::kServeSocketBytes);
  const asio::socket_base::send_buffer_size sending(limits::kServeSocketBytes);
  if (!failure) acceptor_.set_option(receiving, failure);
  if (!failure) acceptor_.set_option(sending, failure);
  if (!failure) acceptor_.bind(endpoint, failure);
  if (!failure) acceptor_.listen(asio::socket_base::max_listen_connections, failure);
  if (failure) {
    error_code ignored;
    acceptor_.close(ignored);
    return base::Error{
        base::ErrorCode::kInvalid,
        fmt::format("cannot listen on {}: {}", to_string(address), failure.message())};
  }
  port_ = acceptor_.local_endpoint(failure).port();
  return {};
}

asio::awaitable<void> HttpServer::run() {
  co_await asio::this_coro::throw_if_cancelled(false);  // see TaskGroup
  const Listening listening{*this};
  group_.spawn(accept());
  auto children = group_.join();
  co_await std::move(children);
}

asio::awaitable<void> HttpServer::accept() {
  while (!group_.cancelled()) {
    error_code failure;
    tcp::socket socket(executor_);
    auto accepting =
        acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(accepting);
    if (failure == asio::error::operation_aborted) continue;
    if (failure) {  // no file descriptor is free, or the client is gone: try again
      logger_.warning("cannot accept a connection", {{"error", failure.message()}});
      asio::steady_timer pause(executor_, limits::kAcceptPause);
      auto waiting = pause.async_wait(asio::redirect_error(asio::use_awaitable, failure));
      co_await std::move(waiting);
      continue;
    }
    auto waiting = make_room(address_of(socket));
    co_await std::move(waiting);
    serve(std::move(socket));
  }
}

// Waits until there is a free slot for a connection from that address.
asio::awaitable<void> HttpServer::make_room(asio::ip::address address) {
  while (!group_.cancelled()) {
    std::vector<ConnectionInfo> candidates;
    for (const auto& [id, connection] : open_) {
      if (!connection->evicted) candidates.push_back(connection->info);
    }
    const std::size_t clients = backlog(acceptor_);
    max_waiting_ = clients == 0 ? 0 : std::max(max_waiting_, clients);
    const Instant instant = Instant::clock::now();
    const auto eviction =
        choose_eviction(candidates, address, max_waiting_, instant, options_.connection_limits);
    if (!eviction) co_return;
    if (eviction->due <= instant) {
      evict(*open_.at(eviction->id));
      continue;
    }
    error_code ignored;
    room_.expires_at(eviction->due);
    auto waiting = room_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await std::move(waiting);
  }
}

void HttpServer::evict(Connection& connection) {
  logger_.debug("closed a connection to make room for another one",
                {{"address", connection.info.address.to_string()}});
  connection.evicted = true;
  connection.sent();
  group_.cancel(connection.task);
}

// Evicts connections that are receiving an answer, those that have been receiving longest first,
// until `bytes` more fit into options_.answer_bytes or no other answer is being sent. Then charges
// `bytes` to the connection.
void HttpServer::make_room_for_answer(Connection& connection, std::size_t bytes) {
  while (answer_bytes_ > 0 && answer_bytes_ + bytes > options_.answer_bytes) {
    Connection* longest = nullptr;
    for (const auto& [id, other] : open_) {
      if (other->answer_bytes == 0) continue;
      if (longest == nullptr || other->info.since < longest->info.since) longest = other;
    }
    evict(*longest);
  }
  connection.answer_bytes = bytes;
  answer_bytes_ += bytes;
}

void HttpServer::serve(tcp::socket socket) {
  auto connection = std::make_unique<Connection>(*this, std::move(socket));
  const std::uint64_t id = connection->info.id;
  async::TaskGroup::TaskId task = 0;
  if (options_.certificate == nullptr) {
    task = group_.spawn(serve_plainly(std::move(connection)));
  } else if (options_.certificate->current()) {
    task = group_.spawn(serve_securely(std::move(connection), options_.certificate->current()));
  }
  const auto found = open_.find(id);  // the connection may have ended already
  if (found != open_.end()) found->second->task = task;
}

asio::awaitable<void> HttpServer::serve_plainly(std::unique_ptr<Connection> connection) {
  bool more = true;
  while (more) {
    auto exchanging = exchange(connection->stream, *connection);
    more = co_await std::move(exchanging);
  }
}

// Serves a connection over TLS. The TLS state is large, so it is created once the client has sent
// something.
asio::awaitable<void> HttpServer::serve_securely(std::unique_ptr<Connection> connection,
                                                 std::shared_ptr<asio::ssl::context> context) {
  beast::flat_buffer& buffer = connection->buffer;
  error_code failure;
  connection->stream.expires_after(options_.handshake);
  auto listening = connection->stream.async_read_some(
      buffer.prepare(limits::kServeReadBytes), asio::redirect_error(asio::use_awaitable, failure));
  const std::size_t bytes = co_await std::move(listening);
  if (failure) co_return;
  buffer.commit(bytes);
  connection->advance(has_greeting(buffer.data()) ? RequestStage::kClientHello
                                                  : RequestStage::kFirstBytes);
  asio::ssl::stream<beast::tcp_stream&> stream(connection->stream, *context);
  auto greeting = stream.async_handshake(asio::ssl::stream_base::server, buffer.data(),
                                         asio::redirect_error(asio::use_awaitable, failure));
  const std::size_t used = co_await std::move(greeting);
  // A TLS client sends nothing after its first flight until the server has answered. So it is an
  // error when the handshake has not used all bytes.
  if (failure || used != bytes) {
    logger_.debug("a TLS handshake failed",
                  {{"error", failure ? failure.message() : "bytes follow the first flight"}});
    co_return;
  }
  buffer.consume(used);
  connection->advance(RequestStage::kTlsReady);
  bool more = true;
  while (more) {
    auto exchanging = exchange(stream, *connection);
    more = co_await std::move(exchanging);
  }
  connection->stream.expires_after(limits::kServeTlsShutdown);
  auto ending = stream.async_shutdown(asio::redirect_error(asio::use_awaitable, failure));
  co_await std::move(ending);
}

// Waits for the first bytes of a request. Returns false when none arrived in time or the connection
// ended.
template <class Stream>
asio::awaitable<bool> HttpServer::wait_for_request(Stream& stream, Connection& connection) {
  ConnectionInfo& info = connection.info;
  if (connection.buffer.size() > 0) co_return true;
  error_code failure;
  if (info.idle) {
    connection.buffer.shrink_to_fit();
    info.since = Instant::clock::now();
    room_.cancel();
  }
  connection.stream.expires_after(info.idle ? options_.idle : options_.head);
  auto reading = stream.async_read_some(connection.buffer.prepare(limits::kServeReadBytes),
                                        asio::redirect_error(asio::use_awaitable, failure));
  const std::size_t bytes = co_await std::move(reading);
  connection.advance(RequestStage::kFirstBytes);
  if (std::exchange(info.idle, false)) info.since = Instant::clock::now();
  connection.buffer.commit(bytes);
  co_return !failure;
}

// What read_request() has read of a request.
struct HttpServer::Incoming {
  const Route* route = nullptr;
  Request request;
  std::optional<Answer> refusal;  // replaces the answer of the route
  bool is_gone = false;           // the client is gone: send no answer
  bool head_only = false;
  bool keep_alive = false;
  bool is_unread = false;                     // the client may still send a part of the request
  std::optional<LargeBodyQueue::Entry> turn;  // held for a large body
};

// Closes the connection, which has the turn for a large body, unless bytes of the body have arrived
// that the server has not read yet. Returns whether it closed the connection.
bool HttpServer::evict_if_slow(Connection& connection) {
  error_code failure;
  if (connection.stream.socket().available(failure) > 0) return false;
  evict(connection);
  return true;
}

// Reads the body. Returns the error of the read, or kLargeBodyTimeout when the body is large and
// does not get the turn in time.
template <class Stream, class Parser>
asio::awaitable<error_code> HttpServer::read_body(Stream& stream, Connection& connection,
                                                  Parser& parser, Incoming& incoming) {
  const std::size_t max = incoming.route->body_bytes;
  const std::size_t total = std::min<std::uint64_t>(parser.content_length().value_or(max), max);
  std::string& body = parser.get().body();
  body.reserve(std::min(total, limits::kServeSmallBodyBytes));
  connection.stream.expires_after(options_.timeout);
  error_code failure;
  while (!failure && !parser.is_done()) {
    const bool is_large = total > limits::kServeSmallBodyBytes &&
                          body.size() + kBufferBytes > limits::kServeSmallBodyBytes;
    if (is_large && !incoming.turn) {
      incoming.turn.emplace(large_body_queue_, connection.info.address,
                            [this, &connection] { return evict_if_slow(connection); });
      auto waiting = incoming.turn->wait(Instant::clock::now() + options_.large_wait);
      const bool has_turn = co_await std::move(waiting);
      if (!has_turn) co_return error_code(kLargeBodyTimeout);
      body.reserve(total + kBytesForParser);
      connection.stream.expires_after(options_.large_body);
    }
    auto reading = http::async_read_some(stream, connection.buffer, parser,
                                         asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(reading);
    if (incoming.turn) incoming.turn->received(body.size());
  }
  co_return failure;
}

// Reads one request. The parser is destroyed on return, and with it the memory of the head.
template <class Stream>
asio::awaitable<void> HttpServer::read_request(Stream& stream, Connection& connection,
                                               Incoming& incoming) {
  Parser parser;
  parser.header_limit(limits::kServeHeaderBytes);
  parser.body_limit(boost::none);  // no limit until the route is known
  error_code failure;
  connection.stream.expires_after(options_.head);
  auto heading = http::async_read_header(stream, connection.buffer, parser,
                                         asio::redirect_error(asio::use_awaitable, failure));
  co_await std::move(heading);
  if (!failure) {
    connection.advance(RequestStage::kRequestHead);
    incoming.head_only = parser.get().method() == http::verb::head;
    incoming.route = find_route(routes_, path_of(parser.get()));
    incoming.refusal = find_request_error(incoming.route, parser);
    incoming.keep_alive =
        parser.get().keep_alive() && !(incoming.refusal && !parser.is_done()) && !draining_;
    incoming.is_unread = !parser.is_done();
    if (incoming.refusal) co_return;
    parser.body_limit(incoming.route->body_bytes);
    auto reading = read_body(stream, connection, parser, incoming);
    failure = co_await std::move(reading);
  }
  incoming.is_unread = static_cast<bool>(failure);
  if (!failure) {
    incoming.request = to_request(parser.release());
    co_return;
  }
  incoming.keep_alive = false;
  incoming.refusal = refusal(failure);
  incoming.is_gone = !incoming.refusal;
}

// Reads and drops bytes after a request was refused, for at most limits::kServeTlsShutdown. Closing
// the connection at once would reset it, and a client that is still sending would lose the answer.
template <class Stream>
asio::awaitable<void> HttpServer::discard(Stream& stream, Connection& connection) {
  error_code failure;
  if (options_.certificate == nullptr) {
    connection.stream.socket().shutdown(tcp::socket::shutdown_send, failure);
  }
  connection.stream.expires_after(limits::kServeTlsShutdown);
  while (!failure) {
    connection.buffer.clear();
    auto reading = stream.async_read_some(connection.buffer.prepare(limits::kServeReadBytes),
                                          asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(reading);
  }
}

// Reads and answers one request. Returns false when the connection has to end.
template <class Stream>
asio::awaitable<bool> HttpServer::exchange(Stream& stream, Connection& connection) {
  auto waiting = wait_for_request(stream, connection);
  const bool has_request = co_await std::move(waiting);
  if (!has_request) co_return false;
  Incoming incoming;
  auto reading = read_request(stream, connection, incoming);
  co_await std::move(reading);
  if (incoming.is_gone) co_return false;
  Answer answer = incoming.refusal ? *std::move(incoming.refusal)
                                   : call(*incoming.route, std::move(incoming.request), logger_);
  incoming.turn.reset();  // before the answer is sent, which may take long
  const bool is_bad_request = answer.response.status >= 400 && answer.response.status < 500;
  const bool is_served = !incoming.refusal && !is_bad_request;
  answer.keep_alive = incoming.keep_alive;
  answer.head_only = incoming.head_only;
  make_room_for_answer(connection, answer.response.body.size());
  auto sending = send(stream, connection.stream, std::move(answer), options_.timeout);
  const bool sent = co_await std::move(sending);
  connection.sent();
  if (sent && incoming.is_unread) {
    auto discarding = discard(stream, connection);
    co_await std::move(discarding);
    co_return false;
  }
  if (sent && is_served) connection.info.served = true;
  // A connection whose client sends the next request before each answer is never idle, so its
  // `since` is not renewed.
  connection.info.idle = sent && incoming.keep_alive && connection.buffer.size() == 0;
  if (connection.info.idle) connection.info.since = Instant::clock::now();
  co_return sent&& incoming.keep_alive;
}

}  // namespace serve
