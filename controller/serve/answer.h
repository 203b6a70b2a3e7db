// These functions compute the answers that HttpServer sends: they find the route, refuse bad
// requests and convert from and to the messages of Beast. They do no IO and can be called on any
// thread. Only HttpServer uses them.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/beast/http.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "serve/body.h"
#include "serve/http.h"

namespace serve {

// A response, and how HttpServer sends it.
struct Answer {
  Response response;
  std::string allow;        // Allow header of a 405; else empty
  bool head_only = false;   // the body is not sent, as for HEAD
  bool keep_alive = false;  // false: the answer closes the connection
};

using Message = boost::beast::http::request<ReceivedBody>;
using Parser = boost::beast::http::request_parser<ReceivedBody>;

// The error of a request whose large body does not get the turn in time (large_body_queue.h).
inline constexpr auto kLargeBodyTimeout = boost::asio::error::no_buffer_space;

// Returns the path of the request, without its query.
std::string_view path_of(const Message& message);

Request to_request(Message message);

// Returns the answer to a request that could not be read; nullopt when the client is gone or timed
// out, so that no answer is sent.
std::optional<Answer> refusal(boost::system::error_code failure);

// Returns the route of that path; null when there is none.
const Route* find_route(const std::vector<Route>& routes, std::string_view path);

// Returns the answer that refuses a request because of its head; nullopt when the server may read
// the body. `route`: null when no route has the path.
std::optional<Answer> find_request_error(const Route* route, const Parser& parser);

// Calls the route. An exception of its handler is a bug: it is logged and answered with status 500.
Answer call(const Route& route, Request request, base::Logger& logger);

boost::beast::http::response<boost::beast::http::string_body> to_message(Answer answer);

}  // namespace serve
