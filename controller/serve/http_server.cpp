#include "serve/http_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace serve {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {
// A header in full and what came with it.
constexpr std::size_t kBufferBytes = 2 * limits::kServeHeaderBytes;
}  // namespace

// Counted while it lives; its destructor closes it, also when its coroutine is cancelled.
struct HttpServer::Connection {
  Connection(HttpServer& owner, tcp::socket socket)
      : server(owner),
        stream(std::move(socket)),
        place(owner.open_.insert(owner.open_.end(), this)) {
    error_code ignored;
    stream.socket().set_option(tcp::no_delay(true), ignored);
  }
  ~Connection() {
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
    server.open_.erase(place);
    server.room_.cancel();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  HttpServer& server;
  beast::tcp_stream stream;
  beast::flat_buffer buffer{kBufferBytes};
  std::list<Connection*>::iterator place;
  bool answered = false;  // a request
  bool idle = false;      // waits for another one
};

struct HttpServer::Listening {
  HttpServer& server;

  ~Listening() {
    error_code ignored;
    server.acceptor_.close(ignored);
  }
};

namespace {

// What is sent: the answer of a route, and what HTTP wants to know besides.
struct Answer {
  Response response;
  std::string allow;        // of a 405
  bool head_only = false;   // HEAD: the length but not the body
  bool keep_alive = false;  // else the connection is closed after it
};

Answer plain(int status, std::string text) {
  Answer answer;
  answer.response = {status, "text/plain; charset=utf-8", std::move(text) + "\n"};
  return answer;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

using Message = http::request<http::string_body>;
using Parser = http::request_parser<http::string_body>;

// A part of what bodies may take together, for as long as it lives.
class Share {
 public:
  // taken is what all of them have, at most most bytes.
  Share(std::size_t& taken, std::size_t most) : taken_(taken), most_(most) {}
  ~Share() { taken_ -= bytes_; }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  // False, and nothing is changed, when there is no room for as many bytes.
  bool grow_to(std::size_t bytes) {
    const std::size_t more = bytes - std::min(bytes, bytes_);
    if (more > most_ - taken_) return false;
    taken_ += more;
    bytes_ += more;
    return true;
  }

 private:
  std::size_t& taken_;
  std::size_t most_;
  std::size_t bytes_ = 0;
};

// What a body that there is no room for fails with.
constexpr auto kNoRoom = asio::error::no_buffer_space;

std::string_view path_of(const Message& message) {
  const std::string_view target(message.target().data(), message.target().size());
  return target.substr(0, target.find('?'));
}

Request to_request(Message message) {
  Request request;
  const std::string_view target(message.target().data(), message.target().size());
  const auto mark = target.find('?');
  request.method = std::string(message.method_string());
  request.path = std::string(target.substr(0, mark));
  if (mark != std::string_view::npos) request.query = std::string(target.substr(mark + 1));
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char character) {
      return static_cast<char>(std::tolower(character));
    });
    request.headers[name] = std::string(field.value());
  }
  request.body = std::move(message.body());
  return request;
}

// The status for a request that could not be read; nothing when there is nobody to tell.
std::optional<Answer> refusal(error_code failure) {
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return plain(431, "request header too large");
  }
  if (failure == http::error::body_limit) return plain(413, "request body too large");
  if (failure == kNoRoom) return plain(503, "too many large requests at once");
  if (failure == http::error::end_of_stream || failure == http::error::partial_message ||
      failure.category() != make_error_code(http::error::bad_method).category()) {
    return std::nullopt;
  }
  return plain(400, "bad request");
}

const Route* find_route(const std::vector<Route>& routes, std::string_view path) {
  for (const Route& route : routes) {
    if (route.path == path) return &route;
  }
  return nullptr;
}

// What is wrong with a request of which the header is known; nothing when it can be read.
std::optional<Answer> objection(const Route* route, const Parser& parser) {
  if (route == nullptr) return plain(404, "not found");
  const auto& methods = route->methods;
  const auto method = parser.get().method_string();
  if (std::find(methods.begin(), methods.end(), std::string_view(method.data(), method.size())) ==
      methods.end()) {
    Answer answer = plain(405, "method not allowed");
    answer.allow = joined(methods);
    return answer;
  }
  if (parser.content_length().value_or(0) > route->body_bytes) {
    return plain(413, "request body too large");
  }
  return std::nullopt;
}

// Reads the body. What it takes is reserved as it comes, whatever its length is said to be: who
// announces much and sends nothing keeps nobody else from being heard.
template <class Stream>
asio::awaitable<error_code> read_body(Stream& stream, beast::flat_buffer& buffer, Parser& parser,
                                      Share& share) {
  error_code failure;
  while (!failure && !parser.is_done()) {
    const std::uint64_t left = parser.content_length_remaining().value_or(kBufferBytes);
    const std::size_t next = std::min<std::uint64_t>(left, kBufferBytes);
    if (!share.grow_to(parser.get().body().size() + next)) co_return error_code(kNoRoom);
    auto reading = http::async_read_some(stream, buffer, parser,
                                         asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(reading);
  }
  co_return failure;
}

Answer call(const Route& route, Request request, base::Logger& logger) {
  Answer answer;
  try {
    answer.response = route.handler(std::move(request));
  } catch (const std::exception& exception) {
    logger.error("an endpoint threw an exception, which is a bug",
                 {{"path", route.path}, {"exception", exception.what()}});
    return plain(500, "internal error");
  }
  return answer;
}

http::response<http::string_body> to_message(Answer answer) {
  http::response<http::string_body> message;
  message.version(11);
  message.result(static_cast<unsigned>(answer.response.status));
  message.set(http::field::content_type, answer.response.content_type);
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  if (!answer.allow.empty()) message.set(http::field::allow, answer.allow);
  message.keep_alive(answer.keep_alive);
  message.content_length(answer.response.body.size());
  if (!answer.head_only) message.body() = std::move(answer.response.body);
  return message;
}

// True when the answer went out whole. stream is over the other, which has the clock.
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

// Listens on every address: one socket for IPv6 and IPv4, or IPv4 alone where there is no IPv6.
tcp::endpoint open_any(tcp::acceptor& acceptor, std::uint16_t port, error_code& failure) {
  acceptor.open(tcp::v6(), failure);
  if (!failure) acceptor.set_option(asio::ip::v6_only(false), failure);
  if (!failure) return {tcp::v6(), port};
  error_code ignored;
  acceptor.close(ignored);
  acceptor.open(tcp::v4(), failure);
  return {tcp::v4(), port};
}

tcp::endpoint open(tcp::acceptor& acceptor, const BindAddress& address, error_code& failure) {
  if (address.host.empty()) return open_any(acceptor, address.port, failure);
  const auto host = asio::ip::make_address(address.host, failure);
  if (failure) return {};
  tcp::endpoint endpoint(host, address.port);
  acceptor.open(endpoint.protocol(), failure);
  if (!failure && host.is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!host.is_unspecified()), failure);
  }
  return endpoint;
}

}  // namespace

HttpServer::HttpServer(asio::any_io_executor executor, std::vector<Route> routes,
                       base::Logger& logger, ServerOptions options)
    : executor_(executor),
      routes_(std::move(routes)),
      logger_(logger),
      options_(options),
      acceptor_(executor),
      room_(executor, asio::steady_timer::time_point::max()),
      group_(executor) {}

base::Result<> HttpServer::bind(const BindAddress& address) {
  error_code failure;
  const tcp::endpoint endpoint = open(acceptor_, address, failure);
  if (!failure) acceptor_.set_option(asio::socket_base::reuse_address(true), failure);
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
    if (open_.size() >= options_.connections) {
      auto waiting = make_room();
      co_await std::move(waiting);
      continue;
    }
    tcp::socket socket(executor_);
    auto accepting =
        acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(accepting);
    if (failure == asio::error::operation_aborted) continue;
    if (failure) {  // no file descriptors left, or the peer has gone: the next one may do
      logger_.warning("cannot accept a connection", {{"error", failure.message()}});
      asio::steady_timer pause(executor_, limits::kAcceptPause);
      auto waiting = pause.async_wait(asio::redirect_error(asio::use_awaitable, failure));
      co_await std::move(waiting);
      continue;
    }
    serve(std::move(socket));
  }
}

// Returns when a connection has ended or become idle. The one that has been open longest of those
// that are idle is asked to.
asio::awaitable<void> HttpServer::make_room() {
  const auto idle = std::find_if(open_.begin(), open_.end(),
                                 [](const Connection* connection) { return connection->idle; });
  if (idle != open_.end()) (*idle)->stream.cancel();
  error_code failure;
  auto waiting = room_.async_wait(asio::redirect_error(asio::use_awaitable, failure));
  co_await std::move(waiting);
}

void HttpServer::serve(tcp::socket socket) {
  auto connection = std::make_unique<Connection>(*this, std::move(socket));
  if (options_.certificate == nullptr) {
    group_.spawn(serve_plainly(std::move(connection)));
  } else if (options_.certificate->current()) {
    group_.spawn(serve_securely(std::move(connection), options_.certificate->current()));
  }
}

asio::awaitable<void> HttpServer::serve_plainly(std::unique_ptr<Connection> connection) {
  bool more = true;
  while (more) {
    auto exchanging = exchange(connection->stream, *connection);
    more = co_await std::move(exchanging);
  }
}

asio::awaitable<void> HttpServer::serve_securely(std::unique_ptr<Connection> connection,
                                                 std::shared_ptr<asio::ssl::context> context) {
  asio::ssl::stream<beast::tcp_stream&> stream(connection->stream, *context);
  error_code failure;
  connection->stream.expires_after(options_.timeout);
  auto greeting = stream.async_handshake(asio::ssl::stream_base::server,
                                         asio::redirect_error(asio::use_awaitable, failure));
  co_await std::move(greeting);
  if (failure) {
    logger_.debug("a TLS handshake failed", {{"error", failure.message()}});
    co_return;
  }
  bool more = true;
  while (more) {
    auto exchanging = exchange(stream, *connection);
    more = co_await std::move(exchanging);
  }
  connection->stream.expires_after(limits::kServeGoodbye);
  auto ending = stream.async_shutdown(asio::redirect_error(asio::use_awaitable, failure));
  co_await std::move(ending);
}

// False when none came in time, or ever will.
template <class Stream>
asio::awaitable<bool> HttpServer::wait_for_request(Stream& stream, Connection& connection) {
  if (connection.buffer.size() > 0) co_return true;
  error_code failure;
  connection.idle = connection.answered;
  if (connection.idle) room_.cancel();
  connection.stream.expires_after(connection.answered ? options_.idle : options_.timeout);
  auto reading = stream.async_read_some(connection.buffer.prepare(limits::kServeReadBytes),
                                        asio::redirect_error(asio::use_awaitable, failure));
  const std::size_t bytes = co_await std::move(reading);
  connection.idle = false;
  connection.buffer.commit(bytes);
  co_return !failure;
}

// One request and its answer; false when the connection is done for.
template <class Stream>
asio::awaitable<bool> HttpServer::exchange(Stream& stream, Connection& connection) {
  auto waiting = wait_for_request(stream, connection);
  const bool came = co_await std::move(waiting);
  if (!came) co_return false;
  Parser parser;
  parser.header_limit(limits::kServeHeaderBytes);
  parser.body_limit(boost::none);  // until the route is known
  error_code failure;
  connection.stream.expires_after(options_.timeout);
  auto heading = http::async_read_header(stream, connection.buffer, parser,
                                         asio::redirect_error(asio::use_awaitable, failure));
  co_await std::move(heading);
  std::optional<Answer> answer;
  if (failure) {
    answer = refusal(failure);
    if (!answer) co_return false;
    auto refusing = send(stream, connection.stream, *std::move(answer), options_.timeout);
    co_await std::move(refusing);
    co_return false;
  }
  const bool head_only = parser.get().method() == http::verb::head;
  const Route* route = find_route(routes_, path_of(parser.get()));
  answer = objection(route, parser);
  const bool has_body = !parser.is_done();
  bool keep_alive = parser.get().keep_alive() && !(answer && has_body) && !draining_;
  if (!answer) {
    parser.body_limit(route->body_bytes);
    Share share(body_bytes_, options_.body_bytes);
    auto reading = read_body(stream, connection.buffer, parser, share);
    failure = co_await std::move(reading);
    keep_alive = keep_alive && !failure;
    Message message = parser.release();
    // It ends here: sending the answer may take long.
    answer = failure ? refusal(failure) : call(*route, to_request(std::move(message)), logger_);
    if (!answer) co_return false;
  }
  answer->keep_alive = keep_alive;
  answer->head_only = head_only;
  auto sending = send(stream, connection.stream, *std::move(answer), options_.timeout);
  const bool sent = co_await std::move(sending);
  connection.answered = true;
  co_return sent&& keep_alive;
}

}  // namespace serve
