// HTTP as endpoints see it: plain values, and a function from a request to a response. Health,
// metrics and the admission webhook are endpoints. Values; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace serve {

struct Request {
  std::string method;                          // "GET"
  std::string path;                            // "/readyz", without the query, not decoded
  std::string query;                           // "verbose", not decoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // Returns true when the query has the parameter, with or without a value.
  bool has_parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Computes a response from memory, without waiting. It may move the body out of the request. An
// exception becomes a 500.
using Handler = std::function<Response(Request&&)>;

struct Route {
  std::string path;                                    // matched exactly
  std::vector<std::string> methods = {"GET", "HEAD"};  // HEAD is answered as GET, without the body
  std::size_t body_bytes = 0;                          // largest body; a larger one gets 413
  Handler handler;
};

}  // namespace serve
