// The one HTTP/1.1 client: it sends a request over a new or an idle connection and reads its
// answer, as a whole (send) or as a stream (open). Redirects, credentials and content are handled
// by the clients that use it: those of the API server, of registries and of the Docker daemon.
//
// Guarantees
//  * A request is sent twice in one case only: the server had closed an idle connection before the
//    first byte of the answer, and HttpRequest::repeat allows it.
//  * Heads, bodies, idle connections and times are bounded (HttpRequest, HttpClientOptions).
//  * No message contains a header or a body.
// Caveats
//  * Deadlines are computed with base::Clock, but sockets wait by the steady clock of the machine.
//    So only tests in which no socket waits may use a simulated clock.
//  * A DNS lookup that hangs is abandoned at the deadline, but the next lookup waits until it ends.
// Errors: kNetwork, kTimeout, kTls; kTooLarge (a head or body over its bound); kMalformed (not
//   HTTP); kInvalid (a header that cannot be sent, or a source that cannot be read); those of
//   HttpServer::tls and of the route's guard.
// An HttpClient has one owner. Its coroutines and streams end before it is destroyed. It is used on
// the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "net/connection.h"
#include "net/http/body_source.h"
#include "net/http/connection_pool.h"
#include "net/http/http.h"
#include "net/server_route.h"

namespace net {

// An HttpServer describes the server of a request.
struct HttpServer {
  ServerRoute route;

  // The name of the server in error messages: messages about an exchange begin with this name.
  // Messages about connecting do not, because they name the host already. Empty: the caller of the
  // HttpClient adds a name.
  std::string name = {};

  // Returns the TLS context for a new connection. It is called only when a connection is opened,
  // because it may read files. An empty function: neither the server nor the proxy uses TLS.
  std::function<base::Result<std::shared_ptr<TlsContext>>()> tls = {};

  // An idle connection is used only if it has this TLS context, so that a replaced client
  // certificate takes effect at once. Null: any context, for a caller without client certificates.
  const TlsContext* identity = nullptr;
};

// Repeat decides whether a request is sent again when the server had closed the idle connection.
enum class Repeat {
  kNever,
  kIfUnwritten,  // if the kernel accepted no byte of the request, which then had no effect
  kAlways,       // even if the server may have received it: a repetition does no harm
};

struct HttpRequest {
  using Instant = Connection::Instant;

  std::string method = "GET";
  std::string target;  // path and query, percent-encoded
  // Headers besides those that the client adds: Host, User-Agent, Content-Length (unless the method
  // is GET or HEAD and there is no body) and the proxy's credentials.
  std::vector<HeaderLine> headers = {};
  std::string body = {};
  BodySource* source = nullptr;  // sent in place of `body`; outlives the request
  Repeat repeat = Repeat::kNever;

  // The deadline for the whole call: waiting for a free connection, connecting, and every attempt.
  // It does not limit the sending of a `source`: each write of its bytes may take
  // HttpClientOptions::silence.
  Instant deadline = Instant::max();
  // A limit for connecting and for each attempt, in addition to `deadline`. It starts again when a
  // `source` has been sent. 0: only `deadline` applies.
  std::chrono::milliseconds timeout{};

  // Limits of the answer, in bytes. For open(), body_bytes has to be 0, and refused_bytes limits
  // the body of an answer other than HTTP 200.
  AnswerBounds bounds = {limits::kHeaderBytes, limits::kResponseBytes};
  AnswerParser::Headers answer_headers = AnswerParser::Headers::kDropped;
  // Returns a filter for the 2xx body of one attempt (AnswerParser::filter_body). Empty: no filter.
  std::function<AnswerParser::BodyFilter()> filter = {};
};

struct HttpAnswer {
  int status = 0;  // HTTP status code
  std::vector<HeaderLine> headers = {};
  std::string body = {};
  std::optional<std::chrono::milliseconds> retry_after = {};  // Retry-After, if it has seconds
};

// An HttpStream is the body of an answer whose head has been read. Its destructor closes the
// connection.
class HttpStream {
 public:
  HttpStream(std::unique_ptr<Connection> connection, std::unique_ptr<AnswerParser> parser,
             base::Clock& clock, std::size_t batch, std::string name);
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  // Returns the next bytes as they arrive, and an empty text at the regular end of the body. Bytes
  // that arrived before a failure are returned first, and the error with the next call. kNetwork:
  // the connection broke. kTimeout: no bytes arrived within `silence`. kTls, kMalformed, kTooLarge.
  // Throws boost::system::system_error (operation_aborted) when it is cancelled.
  boost::asio::awaitable<base::Result<std::string>> read(std::chrono::milliseconds silence);

 private:
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<AnswerParser> parser_;
  base::Clock& clock_;
  std::size_t batch_;  // read() stops after this many bytes of the body
  std::string name_;
  std::optional<base::Error> failure_;
};

struct HttpOpened {
  HttpAnswer head;                     // has a body only if the status is not 200
  std::unique_ptr<HttpStream> stream;  // null if the status is not 200
};

struct HttpClientOptions {
  std::string user_agent;
  PoolBounds pool = {};  // for send(); each open() uses a separate connection outside the pool
  std::chrono::milliseconds connect_timeout = limits::kConnectTimeout;  // lookup, TCP, proxy, TLS
  std::chrono::milliseconds silence = limits::kUploadSilence;  // limit of one write of a BodySource
  std::size_t read_bytes = limits::kReadBytes;                 // maximum of one read from a socket
  // HttpStream::read() returns once it has read this many bytes of the body.
  std::size_t stream_bytes = limits::kStreamChunkBytes;
};

class HttpClient {
 public:
  // `clock` outlives the client.
  HttpClient(const boost::asio::any_io_executor& executor, base::Clock& clock,
             HttpClientOptions options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Sends a request and returns its whole answer; a redirect is returned, not followed. An error
  // means that no complete answer arrived; the request may have taken effect, in particular after
  // kNetwork and kTimeout. Cancellation closes the connection and throws
  // boost::system::system_error (operation_aborted).
  boost::asio::awaitable<base::Result<HttpAnswer>> send(HttpServer server, HttpRequest request);

  // Sends a request over a new connection and returns once the head of the answer has arrived.
  // HttpRequest::deadline and timeout limit the time until then. Errors and cancellation are those
  // of send().
  boost::asio::awaitable<base::Result<HttpOpened>> open(HttpServer server, HttpRequest request);

 private:
  using Instant = HttpRequest::Instant;
  using ConnectionPtr = std::unique_ptr<Connection>;

  // The result of sending a request over one connection.
  struct Attempt {
    base::Result<HttpAnswer> answer;
    bool stale = false;  // the server had closed the connection, and a second attempt is allowed
  };

  // Until is the point where reading stops: at the end of the answer, or after the head of an HTTP
  // 200 answer.
  enum class Until { kEnd, kStream };

  Instant limit_of(const HttpRequest& request) const;
  base::Result<std::string> head_of(const HttpServer& server, const HttpRequest& request) const;
  boost::asio::awaitable<base::Result<ConnectionPtr>> connect(const HttpServer& server,
                                                              const HttpRequest& request);
  boost::asio::awaitable<Attempt> attempt(ConnectionPtr connection, const HttpServer& server,
                                          const HttpRequest& request, const std::string& head);
  boost::asio::awaitable<base::Result<bool>> write(Connection& connection,
                                                   const HttpRequest& request,
                                                   const std::string& head, Instant deadline);
  boost::asio::awaitable<base::Result<bool>> write_source(Connection& connection,
                                                          BodySource& source);
  boost::asio::awaitable<base::Result<bool>> converse(Connection& connection,
                                                      const HttpRequest& request,
                                                      const std::string& head, AnswerParser& parser,
                                                      Until until);

  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  const HttpClientOptions options_;
  std::vector<char> scratch_;  // the read buffer of all connections
  ConnectionPool pool_;
};

}  // namespace net
