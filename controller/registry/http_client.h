// Sends HTTP requests to registries and token servers over net::HttpClient: chooses proxy and TLS
// context for each server, checks its addresses and follows redirects. It has no knowledge of
// images.
//
// Guarantees
//  * A server is verified (Trust) unless InsecureRegistries names it. Plain HTTP is used only for
//    http:// URLs; whether such a URL is acceptable is the caller's decision.
//  * While HttpOptions::guard is on, every address is checked by may_connect_to (policy.h) before a
//    connection is made to it, also for redirects and token servers. Through a proxy only addresses
//    that stand in URLs are checked, because the proxy resolves the names.
//  * With HttpOptions::only, no request goes to another server, also for redirects, uploads and
//    token servers.
//  * No message contains a header or a body.
// Caveats
//  * Name lookups run one after the other: a lookup that hangs delays the next ones.
// An HttpClient has one owner. Its coroutines end before it is destroyed. It is used on the thread
// of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "net/http/body_source.h"
#include "net/http/http_client.h"
#include "registry/policy.h"
#include "registry/trust.h"
#include "registry/url.h"

namespace registry {

struct HttpRequest {
  std::string method = "GET";
  Url url;
  std::vector<net::HeaderLine> headers = {};  // the client adds Host, User-Agent, Content-Length
  std::string body = {};
  net::BodySource* source = nullptr;    // sent in place of `body`; outlives the request
  std::size_t answer_bytes = 0;         // limit for the answer's body; 0: HttpOptions::body_bytes
  std::chrono::milliseconds timeout{};  // limit of one exchange; 0: HttpOptions::request_timeout
};

struct HttpAnswer {
  int status = 0;
  std::vector<net::HeaderLine> headers = {};
  std::string body = {};
  Url url = {};  // the URL that answered; after a redirect not that of the request

  // Returns the value of the first header of that name (case-insensitive); empty without one.
  std::string_view header(std::string_view name) const;
};

// The User-Agent unless the options of a request have another one, and the client_id for OAuth2.
inline constexpr std::string_view kUserAgent = "local-registry-operator";

struct HttpOptions {
  InsecureRegistries insecure = {};
  bool guard = true;                            // check addresses by may_connect_to (policy.h)
  DeniedAddresses denied = {};                  // applies only while guard is on
  std::string only = {};                        // "HOST:PORT"; empty: any server
  base::EnvironmentVariables environment = {};  // for HTTPS_PROXY, HTTP_PROXY, NO_PROXY
  std::string user_agent{kUserAgent};
  std::size_t header_bytes = limits::kRegistryHeaderBytes;
  std::size_t body_bytes = limits::kRegistryBodyBytes;
  std::chrono::milliseconds request_timeout = limits::kRegistryRequestTimeout;
  std::chrono::milliseconds connect_timeout = limits::kRegistryConnectTimeout;
  std::chrono::milliseconds silence = limits::kUploadSilence;  // limit of one write of a source
};

class HttpClient {
 public:
  using Instant = base::Clock::Instant;

  // `clock` and `trust` outlive the client.
  HttpClient(const boost::asio::any_io_executor& executor, base::Clock& clock, Trust& trust,
             HttpOptions options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Sends a request and returns its answer; a redirect is returned, not followed. The request's
  // timeout and `deadline` limit the exchange. Exception: a body that is streamed from a source
  // has no total limit. Each write may take HttpOptions::silence; after the last one, the timeout
  // starts again for the answer. Throws system_error (operation_aborted) when it is cancelled.
  //  * kNetwork, kTimeout, kTls, kTooLarge, kMalformed: the exchange failed.
  //  * kInvalid: a header that cannot be sent, an address that is not allowed, or a source that
  //    cannot be read.
  boost::asio::awaitable<base::Result<HttpAnswer>> send(HttpRequest request, Instant deadline);

  enum class CrossHostRedirect {
    kRefused,    // a redirect to another host gives kMalformed
    kAnonymous,  // a redirect to another host is followed without Authorization
  };

  // Sends a request as send() does and follows at most limits::kRedirects redirects. For methods
  // other than GET and HEAD only redirects that keep the method (307, 308) are followed. A redirect
  // from HTTPS to plain HTTP is never followed. kMalformed: a redirect that is not followed.
  boost::asio::awaitable<base::Result<HttpAnswer>> follow(HttpRequest request,
                                                          CrossHostRedirect cross_host,
                                                          Instant deadline);

  const HttpOptions& options() const { return options_; }
  const boost::asio::any_io_executor& executor() const { return executor_; }

 private:
  base::Result<net::HttpServer> server_of(const net::ServerUrl& url);
  base::Result<std::shared_ptr<net::TlsContext>> tls_context(const net::ServerUrl& server);
  base::Result<void> check_address(const net::ServerUrl& server,
                                   const boost::asio::ip::address& address) const;

  boost::asio::any_io_executor executor_;
  Trust& trust_;
  const HttpOptions options_;
  net::HttpClient http_;
};

}  // namespace registry
