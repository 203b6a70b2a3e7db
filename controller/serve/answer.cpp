#include "serve/answer.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <exception>
#include <iterator>
#include <utility>

#include "base/limits.h"
#include "base/text/text.h"

namespace serve {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

Answer plain(int status, std::string text) {
  Answer answer;
  answer.response = {.status = status, .body = std::move(text) + "\n"};
  return answer;
}

}  // namespace

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
    const std::string name = base::lower(std::string(field.name_string()));
    request.headers[name] = std::string(field.value());
  }
  request.body = std::move(message.body());
  return request;
}

std::optional<Answer> refusal(error_code failure) {
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return plain(431, fmt::format("request header too large: the maximum is {} bytes",
                                  limits::kServeHeaderBytes));
  }
  if (failure == http::error::body_limit) return plain(413, "request body too large");
  if (failure == kLargeBodyTimeout) {
    return plain(503,
                 fmt::format("too many requests of more than {} bytes at the same time; try again",
                             limits::kServeSmallBodyBytes));
  }
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

std::optional<Answer> find_request_error(const Route* route, const Parser& parser) {
  const auto fields = std::distance(parser.get().begin(), parser.get().end());
  if (static_cast<std::size_t>(fields) > limits::kServeHeaderFields) {
    return plain(
        431, fmt::format("the request has more than {} header fields", limits::kServeHeaderFields));
  }
  if (route == nullptr) return plain(404, "not found");
  const auto& methods = route->methods;
  const auto method = parser.get().method_string();
  if (!base::is_one_of(std::string_view(method.data(), method.size()), methods)) {
    Answer answer = plain(405, "method not allowed");
    answer.allow = fmt::format("{}", fmt::join(methods, ", "));
    return answer;
  }
  if (parser.content_length().value_or(0) > route->body_bytes) {
    return plain(413, fmt::format("request body too large: {} bytes, the maximum is {}",
                                  *parser.content_length(), route->body_bytes));
  }
  return std::nullopt;
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

}  // namespace serve
