#include "serve/http_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
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
  Connection(HttpServer& owner, tcp::socket socket) : server(owner), stream(std::move(socket)) {
    ++server.open_;
  }
  ~Connection() {
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
    --server.open_;
    server.room_.cancel();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  HttpServer& server;
  beast::tcp_stream stream;
  beast::flat_buffer buffer{kBufferBytes};
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

Request to_request(const http::request<http::string_body>& message) {
  Request request;
  const auto target = message.target();
  const std::string_view text(target.data(), target.size());
  const auto mark = text.find('?');
  request.method = std::string(message.method_string());
  request.path = std::string(text.substr(0, mark));
  if (mark != std::string_view::npos) request.query = std::string(text.substr(mark + 1));
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char character) {
      return static_cast<char>(std::tolower(character));
    });
    request.headers[name] = std::string(field.value());
  }
  request.body = message.body();
  return request;
}

// The status for a request that could not be read; nothing when there is nobody to tell.
std::optional<Answer> refusal(error_code failure) {
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return plain(431, "request header too large");
  }
  if (failure == http::error::body_limit) return plain(413, "request body too large");
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

Answer call(const Route& route, const Request& request, base::Logger& logger) {
  Answer answer;
  try {
    answer.response = route.handler(request);
  } catch (const std::exception& exception) {
    logger.error("an endpoint threw an exception, which is a bug",
                 {{"path", route.path}, {"exception", exception.what()}});
    return plain(500, "internal error");
  }
  return answer;
}

Answer dispatch(const std::vector<Route>& routes, const Request& request, base::Logger& logger) {
  const Route* route = find_route(routes, request.path);
  if (route == nullptr) return plain(404, "not found");
  const auto& methods = route->methods;
  if (std::find(methods.begin(), methods.end(), request.method) == methods.end()) {
    Answer answer = plain(405, "method not allowed");
    answer.allow = joined(methods);
    return answer;
  }
  if (request.body.size() > route->body_bytes) return plain(413, "request body too large");
  return call(*route, request, logger);
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
      group_(executor) {
  for (const Route& route : routes_) body_bytes_ = std::max(body_bytes_, route.body_bytes);
}

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
    if (open_ >= options_.connections) {
      auto waiting = room_.async_wait(asio::redirect_error(asio::use_awaitable, failure));
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
    group_.spawn(serve(std::make_unique<Connection>(*this, std::move(socket))));
  }
}

asio::awaitable<void> HttpServer::serve(std::unique_ptr<Connection> connection) {
  bool more = true;
  while (more) {
    auto exchanging = exchange(*connection);
    more = co_await std::move(exchanging);
  }
}

// One request and its answer; false when the connection is done for.
asio::awaitable<bool> HttpServer::exchange(Connection& connection) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(limits::kServeHeaderBytes);
  parser.body_limit(body_bytes_);
  error_code failure;
  connection.stream.expires_after(options_.timeout);
  auto reading = http::async_read(connection.stream, connection.buffer, parser,
                                  asio::redirect_error(asio::use_awaitable, failure));
  co_await std::move(reading);
  std::optional<Answer> answer;
  if (failure) {
    answer = refusal(failure);
    if (!answer) co_return false;
  } else {
    const Request request = to_request(parser.get());
    answer = dispatch(routes_, request, logger_);
    answer->keep_alive = parser.get().keep_alive();
    answer->head_only = request.method == "HEAD";
  }
  const bool keep_alive = answer->keep_alive;
  const bool head_only = answer->head_only;
  http::response<http::string_body> message = to_message(*std::move(answer));
  http::response_serializer<http::string_body> serializer(message);
  connection.stream.expires_after(options_.timeout);
  if (head_only) {
    auto writing = http::async_write_header(connection.stream, serializer,
                                            asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(writing);
  } else {
    auto writing = http::async_write(connection.stream, serializer,
                                     asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(writing);
  }
  co_return keep_alive && !failure;
}

}  // namespace serve
