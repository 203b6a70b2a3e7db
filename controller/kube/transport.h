// The transport seam: all that the client asks of the network. HttpsTransport is the real one; the
// simulation and the tests bring their own.
//
// Above this line nothing knows of HTTP connections; below it nothing knows of Kubernetes objects.
// Used on the thread of the io_context only.
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

enum class Method { kGet, kPost, kPut, kPatch, kDelete };

// "GET", …
std::string_view name(Method method);

struct Request {
  Method method = Method::kGet;
  std::string target;        // path and query, percent-encoded: requests.h builds it
  std::string content_type;  // of the body; empty without one
  std::string body;
  std::chrono::milliseconds timeout{};  // of send: the whole exchange. Of open: until the head.
  // Of send: what of the body of a 2xx the caller reads; null: all of it. See json/sieve.h.
  const json::Shape* keep = nullptr;
  std::size_t keep_bytes = limits::kObjectBytes;  // of one resource in the body, decoded
};

struct Response {
  int status = 0;  // HTTP status code, whatever it is
  std::string body;
  std::optional<std::chrono::milliseconds> retry_after;  // from Retry-After, seconds only
  bool sifted = false;  // the body is what Request::keep keeps; the client sifts it if not
};

// The body of an answer that comes bit by bit: a watch. Closed by its destructor.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // The next bytes, as they come; an empty string at the orderly end of the body.
  // kNetwork: the connection broke. kTimeout: silence for longer than `silence`.
  virtual boost::asio::awaitable<base::Result<std::string>> read(
      std::chrono::milliseconds silence) = 0;
};

struct Opened {
  Response head;                   // with a body only when the status is not 200
  std::unique_ptr<Stream> stream;  // only when it is 200
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // One exchange. An error means that no answer came: kNetwork and kTimeout leave open whether
  // the request took effect. Cancelling the awaiting coroutine closes the connection and throws
  // boost::system::system_error (operation_aborted).
  virtual boost::asio::awaitable<base::Result<Response>> send(Request request) = 0;

  // Sends and returns once the head of the answer is there. Each stream has a connection of its
  // own.
  virtual boost::asio::awaitable<base::Result<Opened>> open(Request request) = 0;
};

}  // namespace kube
