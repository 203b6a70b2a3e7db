// A RepositorySession sends requests about one repository to its registry. It finds out whether the
// registry is reached by HTTPS or HTTP and which authentication it requires, and authenticates the
// requests (OCI distribution specification, and Docker's token authentication).
//
// Guarantees
//  * HTTPS is verified unless InsecureRegistries names the registry. Only then is plain HTTP tried,
//    after HTTPS has failed.
//  * A redirect or an upload's Location never leads from HTTPS to plain HTTP.
//  * The password or identity token goes only to the registry's own host and to the token server
//    that the registry names; to the latter only by HTTPS, unless the registry is insecure by
//    configuration. A bearer token goes only to the registry's own host.
//  * No message contains a password, a token or a header, or text that a server sent after it had
//    received a password or token.
// A RepositorySession has one owner and is used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/images/image_reference.h"
#include "async/semaphore.h"
#include "base/error.h"
#include "registry/challenge.h"
#include "registry/docker_config.h"
#include "registry/http_client.h"

namespace registry {

enum class Access { kPull, kPush };

// Returns the sentence about HTTP 429 from `who`, a registry or a token server.
std::string rate_limited(std::string_view who);

// Returns the error for the HTTP status by which a registry refuses a request of an upload.
// kUnauthorized: 401; kForbidden: 403; kTooLarge: 413; kTooManyRequests: 429; kUnavailable: 5xx;
// kMalformed: any other status.
base::Error refusal(int status, std::string message);

class RepositorySession {
 public:
  using Instant = HttpClient::Instant;

  // The deadline for the requests of an upload: the upload as a whole has no time limit, but each
  // request has a timeout.
  static constexpr Instant kNoDeadline = Instant::max();

  // `client` outlives the session. The tag and digest of the reference are ignored.
  RepositorySession(HttpClient& client, api::ImageReference repository,
                    std::optional<Credentials> credentials, Access access);
  RepositorySession(const RepositorySession&) = delete;
  RepositorySession& operator=(const RepositorySession&) = delete;

  // Connects to the registry and authenticates. kUnauthorized: the credentials were refused, or
  // credentials are required and missing. kTooManyRequests: HTTP 429; kUnavailable: HTTP 5xx;
  // kMalformed: an answer that violates the specification. Other errors: as HttpClient::follow.
  boost::asio::awaitable<base::Result<void>> open(Instant deadline);

  // Returns the URL of "/v2/<repository>/<suffix>" at the registry. Valid after open().
  Url url(std::string_view suffix) const;

  // Sends a request as HttpClient::follow does, with authentication if it goes to the registry. If
  // the registry answers 401, the session authenticates again and repeats the request, at most
  // twice. Concurrent calls are allowed. Errors as HttpClient::follow and open().
  boost::asio::awaitable<base::Result<HttpAnswer>> send(
      HttpRequest request, Instant deadline,
      HttpClient::CrossHostRedirect cross_host = HttpClient::CrossHostRedirect::kRefused);

  // Returns the URL in the Location header of `answer`, at which an upload continues. `answer`
  // belongs to a request of this session. A registry behind a TLS proxy may send an http:// URL of
  // itself; the result is then the HTTPS URL. kMalformed: there is no Location, or it leads from
  // HTTPS to plain HTTP.
  base::Result<Url> location(const HttpAnswer& answer) const;

  // Returns the domain of the image reference, such as "ghcr.io", for messages.
  std::string host() const { return repository_.domain; }

  // Returns whether the URL leads to the registry itself.
  bool is_url_of_registry(const Url& url) const { return same_host(server_, url.server); }
  // Returns the path of the image reference, such as "org/app".
  const std::string& path() const { return repository_.path; }
  bool has_credentials() const { return credentials_.has_value(); }

  // True from the request to the token server until it has returned a token: an error in that time
  // concerns the token server.
  bool is_at_token_server() const { return at_token_server_; }

 private:
  boost::asio::awaitable<base::Result<HttpAnswer>> ping(Instant deadline);
  boost::asio::awaitable<base::Result<void>> authorize(Instant deadline);
  boost::asio::awaitable<base::Result<void>> renew(std::uint64_t seen, Instant deadline);
  void use_authorization(std::string authorization, std::optional<Instant> end);
  base::Result<void> authorize_basic();
  boost::asio::awaitable<base::Result<void>> fetch_token(Url realm, std::string service,
                                                         Instant deadline);
  boost::asio::awaitable<base::Result<HttpAnswer>> ask_for_token(Url realm, std::string service,
                                                                 Instant deadline);
  base::Result<void> take_token(const HttpAnswer& answer, const std::string& realm_host);
  base::Result<Url> check_realm(std::string_view text) const;
  void remember_challenges(const HttpAnswer& answer);
  const Challenge* challenge(std::string_view scheme) const;
  bool expired() const;
  bool is_insecure() const;
  std::string scope() const;

  HttpClient& client_;
  api::ImageReference repository_;
  std::optional<Credentials> credentials_;
  Access access_;
  async::Semaphore turn_;              // one renewal at a time; calls that waited use its result
  std::uint64_t authentications_ = 0;  // how often the session has authenticated
  net::ServerUrl server_;
  std::vector<Challenge> challenges_;
  std::string authorization_;         // value of the header; empty: no authentication is needed
  std::optional<Instant> token_end_;  // when the token expires; nullopt: unknown
  bool deleting_ = false;             // whether the scope of the token includes delete
  bool at_token_server_ = false;
  bool authorization_accepted_ = false;
};

}  // namespace registry
