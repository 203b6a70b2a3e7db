// HTTP requests to registries and token servers: connections that are kept for the next request,
// bounds, redirects on one host. Nothing here knows of images.
//
// Guarantees
//  * A server is verified (Trust) unless InsecureRegistries names it; plain HTTP is spoken only
//  when
//    a URL says so, which is for the caller to judge.
//  * Unless options.guard is off, each address is judged (may_be_asked in policy.h) that a
//    connection is made to: what a name resolves to for this connection, of redirects and token
//    servers too. Through a proxy only addresses in URLs are judged: the proxy resolves names.
//  * No message holds a header or a body.
// Caveats
//  * Names are looked up one after the other; one that hangs makes the next ones wait.
// One owner; its coroutines end before it is destroyed. On the thread of the io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "net/connection.h"
#include "net/http.h"
#include "registry/policy.h"
#include "registry/trust.h"
#include "registry/url.h"

namespace registry {

// A body that is too large to be held: read piece by piece while it is sent.
class BodySource {
 public:
  BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;
  virtual ~BodySource() = default;

  virtual std::uint64_t size() const = 0;  // of the whole body, in bytes

  // From the beginning: the request is sent once more.
  virtual base::Result<void> rewind() = 0;

  // The next bytes into the buffer; how many, which is 0 only at the end.
  virtual base::Result<std::size_t> read(std::span<char> buffer) = 0;

  // So many of the bytes that were read have been given to the network.
  virtual void sent(std::size_t bytes) = 0;
};

struct HttpRequest {
  std::string method = "GET";
  Url url;
  std::vector<net::HeaderLine> headers = {};  // but Host, User-Agent and Content-Length
  std::string body = {};
  BodySource* source = nullptr;         // instead of body; it outlives the request
  std::size_t answer_bytes = 0;         // of its body at most; 0: as in the options
  std::chrono::milliseconds timeout{};  // of one exchange; 0: as in the options
};

struct HttpAnswer {
  int status = 0;
  std::vector<net::HeaderLine> headers = {};
  std::string body = {};
  Url url = {};  // who answered: another than was asked after a redirect

  // The first header of that name, whatever its case; empty without one.
  std::string_view header(std::string_view name) const;
};

struct HttpOptions {
  InsecureRegistries insecure = {};
  bool guard = true;
  DeniedAddresses denied = {};                  // as long as guard is on
  base::EnvironmentVariables environment = {};  // for HTTPS_PROXY and its like
  std::string user_agent = "local-registry-operator";
  std::size_t header_bytes = limits::kRegistryHeaderBytes;
  std::size_t body_bytes = limits::kRegistryBodyBytes;
  std::chrono::milliseconds request_timeout = limits::kRegistryRequestTimeout;
  std::chrono::milliseconds connect_timeout = limits::kRegistryConnectTimeout;
  std::chrono::milliseconds silence = limits::kUploadSilence;  // of who takes a body
};

class HttpClient {
 public:
  using Instant = net::Connection::Instant;

  // trust outlives the client.
  HttpClient(const boost::asio::any_io_executor& executor, Trust& trust, HttpOptions options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // One exchange; a redirect is an answer as any other. It ends at the deadline, and before that
  // when its own time is over; a source may take as long as it gets on, and the answer to it has
  // the request's time from then on.
  // kNetwork, kTimeout, kTls, kTooLarge, kMalformed, kInvalid (a header that cannot be sent, an
  // address that is not allowed). Throws system_error (operation_aborted) when it is cancelled.
  boost::asio::awaitable<base::Result<HttpAnswer>> send(HttpRequest request, Instant deadline);

  enum class Elsewhere {
    kRefused,    // a redirect to another host is kMalformed
    kAnonymous,  // it is followed without Authorization
  };

  // The same, following at most limits::kRedirects redirects: of GET and HEAD, and of others those
  // that keep the method (307, 308). Never from HTTPS down to HTTP.
  boost::asio::awaitable<base::Result<HttpAnswer>> follow(HttpRequest request, Elsewhere elsewhere,
                                                          Instant deadline);

  const HttpOptions& options() const { return options_; }
  const boost::asio::any_io_executor& executor() const { return executor_; }

 private:
  using ConnectionPtr = std::unique_ptr<net::Connection>;

  struct Idle {
    net::ServerUrl server;
    ConnectionPtr connection;
  };

  struct Attempt {
    base::Result<HttpAnswer> answer;
    bool stale = false;  // an idle connection that had been closed; nothing is lost by another
  };

  base::Result<std::string> head_of(const HttpRequest& request) const;
  Instant soon(const HttpRequest& request, Instant deadline) const;
  base::Result<net::Route> route_to(const net::ServerUrl& server) const;
  base::Result<void> judge(const net::ServerUrl& server,
                           const boost::asio::ip::address& address) const;
  ConnectionPtr take_idle(const net::ServerUrl& server);
  void keep(const net::ServerUrl& server, ConnectionPtr connection);
  boost::asio::awaitable<base::Result<ConnectionPtr>> connect(net::ServerUrl server,
                                                              Instant deadline);
  boost::asio::awaitable<Attempt> attempt(ConnectionPtr connection, const HttpRequest& request,
                                          const std::string& head, Instant deadline);
  boost::asio::awaitable<base::Result<bool>> write(net::Connection& connection,
                                                   const HttpRequest& request,
                                                   const std::string& head, Instant deadline);
  boost::asio::awaitable<base::Result<bool>> write_source(net::Connection& connection,
                                                          BodySource& source);

  boost::asio::any_io_executor executor_;
  Trust& trust_;
  HttpOptions options_;
  std::vector<char> scratch_;
  std::list<Idle> idle_;  // the one used last in front
};

}  // namespace registry
