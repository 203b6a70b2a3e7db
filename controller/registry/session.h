// A conversation with a registry about one repository: how it is reached, who wants what proof, and
// requests that carry it (the distribution specification, and Docker's token authentication).
//
// Guarantees
//  * HTTPS is verified. Plain HTTP is tried only for a registry that InsecureRegistries names,
//  after
//    HTTPS.
//  * What began by HTTPS never goes on by plain HTTP: neither a redirect nor an upload's Location.
//  * The password or identity token goes to the registry's own host and to the token server that
//    the registry names, there only over HTTPS or when the registry is insecure by configuration.
//    A token goes to the registry's own host only.
//  * No message holds a password, a token or a header, nor what a server said after it had seen
//  one.
// One owner; on the thread of the io_context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/image_reference.h"
#include "base/error.h"
#include "net/semaphore.h"
#include "registry/challenge.h"
#include "registry/docker_config.h"
#include "registry/http_client.h"

namespace registry {

enum class Access { kPull, kPush };

class Session {
 public:
  using Instant = HttpClient::Instant;

  // client outlives the session. The tag and digest of the reference do not matter.
  Session(HttpClient& client, api::ImageReference repository,
          std::optional<Credentials> credentials, Access access);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Finds out how the registry is reached and proves who we are. kUnauthorized: the credentials
  // were refused, or there are none and some are needed. kUnavailable, kTooManyRequests: a status
  // that no registry in order answers with. The rest as HttpClient::send.
  boost::asio::awaitable<base::Result<void>> open(Instant deadline);

  // "/v2/<repository>/<suffix>" of the registry, once it is open.
  Url url(std::string_view suffix) const;

  // Sends with what proves who we are, if it goes to the registry, and once more when that has
  // expired. Any number at once. Redirects as HttpClient::follow.
  boost::asio::awaitable<base::Result<HttpAnswer>> send(
      HttpRequest request, Instant deadline,
      HttpClient::Elsewhere elsewhere = HttpClient::Elsewhere::kRefused);

  // The Location of an answer to a request of this session: where an upload goes on. A registry
  // behind a proxy may believe that it is reached by plain HTTP: what means itself is asked by
  // HTTPS as before. kMalformed: there is none, or it leads from HTTPS down to plain HTTP.
  base::Result<Url> location(const HttpAnswer& answer) const;

  // "ghcr.io" and "org/app": for messages.
  std::string host() const { return repository_.domain; }

  // Whether the URL is one of the registry itself.
  bool is_own(const Url& url) const { return same_host(server_, url.server); }
  const std::string& path() const { return repository_.path; }
  bool has_credentials() const { return credentials_.has_value(); }

  // Whether the token server has been asked and has not given a token yet: an error is about it.
  bool is_at_token_server() const { return at_token_server_; }

 private:
  boost::asio::awaitable<base::Result<HttpAnswer>> ping(Instant deadline);
  boost::asio::awaitable<base::Result<void>> authorize(Instant deadline);
  boost::asio::awaitable<base::Result<void>> renew(std::uint64_t seen, Instant deadline);
  void set_proof(std::string authorization, std::optional<Instant> end);
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
  net::Semaphore turn_;       // of who proves anew; the others find what came of it
  std::uint64_t proofs_ = 0;  // so far
  net::ServerUrl server_;
  std::vector<Challenge> challenges_;
  std::string authorization_;         // the value of the header; empty: none is needed
  std::optional<Instant> token_end_;  // of a token that has an end
  bool deleting_ = false;             // the token has to allow that as well
  bool at_token_server_ = false;
  bool proven_ = false;  // authorization_ was good for something
};

}  // namespace registry
