// What an endpoint sees of HTTP: plain values, and a function from a request to a response. Health
// and metrics are endpoints; an admission webhook is one that takes POST and has a body.
// Values; any thread.
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
  std::string path;                            // "/readyz", without the query, as it was sent
  std::string query;                           // "verbose", as it was sent
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // True when the query has the parameter, with or without a value.
  bool has_parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Answers at once: what it needs is in memory. It may take the body. An exception becomes a 500.
using Handler = std::function<Response(Request&&)>;

struct Route {
  std::string path;                                    // exactly this one
  std::vector<std::string> methods = {"GET", "HEAD"};  // HEAD is answered as GET, without the body
  std::size_t body_bytes = 0;                          // at most; more is a 413
  Handler handler;
};

}  // namespace serve
