// The HTTP types of the endpoints, which are health, metrics and the admission webhook: plain
// values, and a function from a request to a response. They can be used on any thread.
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

// A handler computes a response from memory, without waiting. It may move the body out of the
// request. If it throws, the request is answered with status 500.
using Handler = std::function<Response(Request&&)>;

struct Route {
  std::string path;                                    // matched exactly
  std::vector<std::string> methods = {"GET", "HEAD"};  // HEAD is answered as GET, without the body
  std::size_t body_bytes = 0;                          // maximum size of the body; above it: 413
  Handler handler;
};

}  // namespace serve
