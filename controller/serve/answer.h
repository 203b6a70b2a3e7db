// What HttpServer answers, apart from sending it: routes, refusals, and the messages of Beast. Used
// by HttpServer only. The functions do no IO and can be called on any thread.
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

// The response of a route, and what is sent with it.
struct Answer {
  Response response;
  std::string allow;        // header of a 405
  bool head_only = false;   // HEAD: the answer has a length but no body
  bool keep_alive = false;  // false: the answer closes the connection
};

using Message = boost::beast::http::request<ReceivedBody>;
using Parser = boost::beast::http::request_parser<ReceivedBody>;

// The error of a large body that does not get the turn in time.
inline constexpr auto kNoRoom = boost::asio::error::no_buffer_space;

// Returns the path of the request, without its query.
std::string_view path_of(const Message& message);

Request to_request(Message message);

// Returns the answer to a request that could not be read; nullopt when no client waits for one.
std::optional<Answer> refusal(boost::system::error_code failure);

// Returns the route of that path; null when there is none.
const Route* find_route(const std::vector<Route>& routes, std::string_view path);

// Returns the answer that refuses a request because of its head; nullopt when the server may read
// the body. `route`: null when no route has the path.
std::optional<Answer> objection(const Route* route, const Parser& parser);

// Calls the route. An exception of its handler is a bug: it is logged and answered with status 500.
Answer call(const Route& route, Request request, base::Logger& logger);

boost::beast::http::response<boost::beast::http::string_body> to_message(Answer answer);

}  // namespace serve
