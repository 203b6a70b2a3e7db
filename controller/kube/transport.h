// Transport is the interface between the client and the network. HttpsTransport implements it for
// production; the simulation and the tests implement it as well.
//
// Code above this interface does not deal with HTTP connections, and code below it does not deal
// with Kubernetes objects. Used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/limits.h"

namespace json {
struct Shape;
}

namespace kube {

template <class T>
using Awaitable = boost::asio::awaitable<base::Result<T>>;

enum class Method { kGet, kPost, kPut, kPatch, kDelete };

// Returns the HTTP name of the method: "GET", …
std::string_view name(Method method);

struct Request {
  Method method = Method::kGet;
  std::string target;        // path and query, percent-encoded: requests.h builds it
  std::string content_type;  // Content-Type of the body; empty without a body
  std::string body;
  std::chrono::milliseconds timeout{};  // for send(): whole exchange; for open(): until the head
  // The fields of a 2xx body that the caller of send() reads; null: all fields. See
  // json/sieve/sieve.h.
  const json::Shape* keep = nullptr;
  std::size_t keep_bytes = limits::kObjectBytes;  // limit of each object in the body, decoded
};

struct Response {
  int status = 0;  // HTTP status code
  std::string body;
  std::optional<std::chrono::milliseconds> retry_after;  // Retry-After, if it has seconds
  bool sifted = false;  // the transport has already reduced the body to Request::keep
};

// A Stream is the body of an answer that arrives in parts: a watch or a streamed list. Its
// destructor closes the connection.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // Returns the next bytes as they arrive, and an empty text at the regular end of the body.
  // kNetwork: the connection broke. kTimeout: no bytes arrived within `silence`.
  virtual Awaitable<std::string> read(std::chrono::milliseconds silence) = 0;
};

struct Opened {
  Response head;                   // has a body only if the status is not 200
  std::unique_ptr<Stream> stream;  // null if the status is not 200
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // Sends a request and returns its whole answer. An error means that no complete answer arrived;
  // the request may have taken effect, in particular after kNetwork and kTimeout. Cancellation
  // closes the connection and throws boost::system::system_error (operation_aborted).
  virtual Awaitable<Response> send(Request request) = 0;

  // Sends a request and returns once the head of the answer has arrived. Each stream uses a
  // separate connection. Errors and cancellation are those of send().
  virtual Awaitable<Opened> open(Request request) = 0;
};

}  // namespace kube
