#include "registry/session.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "base/text/percent.h"
#include "net/text.h"
#include "net/url.h"
#include "registry/token.h"

namespace registry {
namespace {

namespace asio = boost::asio;

using base::malformed;

constexpr int kRenewals = 2;  // maximum for one request, including renewals by other requests

base::Error unauthorized(std::string message) {
  return {base::ErrorCode::kUnauthorized, std::move(message)};
}

// Returns the error for an HTTP status that a working registry or token server does not send.
base::Error unexpected(const std::string& who, int status) {
  if (status == 429) return {base::ErrorCode::kTooManyRequests, rate_limited(who)};
  if (status >= 500) {
    return {base::ErrorCode::kUnavailable,
            fmt::format("{} answers HTTP status {}: it failed, so try again later", who, status)};
  }
  return malformed(fmt::format("{} answers with the unexpected HTTP status {}", who, status));
}

// Returns whether `named` is a plain-HTTP URL of the registry itself, although the registry is
// reached by HTTPS. A registry behind a TLS proxy may send such a URL, because it receives plain
// HTTP; the URL has the port of the proxy or no port.
bool is_same_server_without_tls(const net::ServerUrl& server, const net::ServerUrl& named) {
  return server.tls && !named.tls && server.host == named.host &&
         (named.port == server.port || named.port == net::kHttpPort);
}

void set_authorization(HttpRequest& request, const std::string& value) {
  std::erase_if(request.headers,
                [](const net::HeaderLine& line) { return line.name == "Authorization"; });
  if (!value.empty()) request.headers.push_back({"Authorization", value});
}

}  // namespace

std::string rate_limited(std::string_view who) {
  return fmt::format(
      "{} rate-limited the request (HTTP status 429): wait, or use credentials with a higher limit",
      who);
}

base::Error refusal(int status, std::string message) {
  using base::ErrorCode;
  const ErrorCode code = status == 401   ? ErrorCode::kUnauthorized
                         : status == 403 ? ErrorCode::kForbidden
                         : status == 413 ? ErrorCode::kTooLarge
                         : status == 429 ? ErrorCode::kTooManyRequests
                         : status >= 500 ? ErrorCode::kUnavailable
                                         : ErrorCode::kMalformed;
  return {code, std::move(message)};
}

RepositorySession::RepositorySession(HttpClient& client, api::ImageReference repository,
                                     std::optional<Credentials> credentials, Access access)
    : client_(client),
      repository_(std::move(repository)),
      credentials_(std::move(credentials)),
      access_(access),
      turn_(client.executor(), 1) {}

bool RepositorySession::is_insecure() const { return client_.options().insecure.matches(server_); }

std::string RepositorySession::scope() const {
  return fmt::format("repository:{}:{}{}", repository_.path,
                     access_ == Access::kPush ? "pull,push" : "pull", deleting_ ? ",delete" : "");
}

Url RepositorySession::url(std::string_view suffix) const {
  return {server_, fmt::format("/v2/{}/{}", repository_.path, suffix)};
}

base::Result<Url> RepositorySession::location(const HttpAnswer& answer) const {
  const std::string_view text = answer.header("Location");
  auto found = resolve_url(answer.url, text);
  if (!found) {
    return malformed(fmt::format("{} answers with an invalid Location header: {}", host(),
                                 text.empty() ? "missing" : found.error().message));
  }
  const bool secure = server_.tls || answer.url.server.tls;
  if (!secure || found->server.tls) return found;
  if (is_same_server_without_tls(server_, found->server)) {
    found->server = server_;
    return found;
  }
  return malformed(host() +
                   " redirects the upload from HTTPS to plain HTTP, which is not followed");
}

asio::awaitable<base::Result<HttpAnswer>> RepositorySession::ping(Instant deadline) {
  HttpRequest request;
  request.url = {server_, "/v2/"};
  auto following =
      client_.follow(std::move(request), HttpClient::CrossHostRedirect::kRefused, deadline);
  auto answer = co_await std::move(following);
  if (!answer) co_return answer;
  // A redirect may have led from HTTP to HTTPS.
  server_ = answer->url.server;
  co_return answer;
}

asio::awaitable<base::Result<void>> RepositorySession::open(Instant deadline) {
  const std::string domain(repository_.domain == api::kDockerHub ? kHubRegistry
                                                                 : repository_.domain);
  auto server = parse_url("https://" + domain);
  if (!server)
    co_return base::Error{base::ErrorCode::kInvalid,
                          host() + " is not a valid registry host: correct the image reference"};
  server_ = server->server;
  auto pinging = ping(deadline);
  auto answer = co_await std::move(pinging);
  if (!answer && is_insecure()) {
    const base::Error by_https = answer.error();
    server_ = parse_url("http://" + domain)->server;
    auto plainly = ping(deadline);
    answer = co_await std::move(plainly);
    if (!answer) {
      co_return base::Error{answer.error().code,
                            fmt::format("HTTPS failed ({}), and plain HTTP failed ({})",
                                        by_https.message, answer.error().message)};
    }
  }
  if (!answer) co_return answer.error();
  const int status = answer->status;
  // Some registries answer 403 or 404 to /v2/ and still serve repositories.
  if (status == 200 || status == 403 || status == 404) co_return base::Result<void>();
  if (status != 401) co_return unexpected(host(), status);
  remember_challenges(*answer);
  auto authorizing = authorize(deadline);
  auto authorized = co_await std::move(authorizing);
  co_return authorized;
}

void RepositorySession::remember_challenges(const HttpAnswer& answer) {
  std::vector<Challenge> found;
  for (const net::HeaderLine& line : answer.headers) {
    if (HttpAnswer{0, {line}}.header("WWW-Authenticate").empty()) continue;
    for (Challenge& challenge : parse_challenges(line.value)) {
      if (found.size() < limits::kChallenges) found.push_back(std::move(challenge));
    }
  }
  challenges_ = std::move(found);
}

const Challenge* RepositorySession::challenge(std::string_view scheme) const {
  const auto found = std::find_if(challenges_.begin(), challenges_.end(),
                                  [&](const Challenge& one) { return one.scheme == scheme; });
  return found == challenges_.end() ? nullptr : &*found;
}

asio::awaitable<base::Result<void>> RepositorySession::authorize(Instant deadline) {
  if (const Challenge* bearer = challenge("bearer")) {
    if (credentials_ && !credentials_->registry_token.empty()) {
      use_authorization("Bearer " + credentials_->registry_token, std::nullopt);
      co_return base::Result<void>();
    }
    auto realm = check_realm(bearer->parameter("realm"));
    if (!realm) co_return realm.error();
    auto fetching =
        fetch_token(std::move(*realm), std::string(bearer->parameter("service")), deadline);
    auto fetched = co_await std::move(fetching);
    co_return fetched;
  }
  if (challenge("basic") != nullptr) co_return authorize_basic();
  if (challenges_.empty()) {
    co_return unauthorized(
        host() + " refuses access without naming an authentication scheme (WWW-Authenticate)");
  }
  co_return unauthorized(host() + " requires an authentication scheme other than Basic and Bearer");
}

base::Result<void> RepositorySession::authorize_basic() {
  if (!credentials_)
    return unauthorized(host() +
                        " requires a user name and password, but there are no credentials for it");
  if (credentials_->username.empty() && credentials_->password.empty()) {
    return unauthorized(
        host() + " requires a user name and password, but its credentials contain only a token");
  }
  use_authorization(net::basic_authorization(credentials_->username, credentials_->password),
                    std::nullopt);
  return {};
}

base::Result<Url> RepositorySession::check_realm(std::string_view text) const {
  auto realm = parse_url(text);
  if (!realm) {
    return malformed(fmt::format("{} names a token server with an invalid URL: {}", host(),
                                 realm.error().message));
  }
  if (!realm->server.tls && !is_insecure()) {
    return malformed(host() +
                     " names a token server with a plain HTTP URL, which is contacted only if the "
                     "registry is configured as insecure");
  }
  return realm;
}

asio::awaitable<base::Result<HttpAnswer>> RepositorySession::ask_for_token(Url realm,
                                                                           std::string service,
                                                                           Instant deadline) {
  HttpRequest request;
  request.headers = {{"Accept", "application/json"}};
  if (credentials_ && !credentials_->identity_token.empty()) {
    request.method = "POST";
    request.url = realm;
    request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    request.body =
        fmt::format("grant_type=refresh_token&service={}&scope={}&client_id={}&refresh_token={}",
                    base::percent_encoded(service), base::percent_encoded(scope()), kUserAgent,
                    base::percent_encoded(credentials_->identity_token));
  } else {
    request.url = realm;
    if (!service.empty()) {
      request.url = with_parameter(std::move(request.url), "service", service);
    }
    request.url = with_parameter(std::move(request.url), "scope", scope());
    if (credentials_) {
      request.url = with_parameter(std::move(request.url), "account", credentials_->username);
      request.headers.push_back(
          {"Authorization",
           net::basic_authorization(credentials_->username, credentials_->password)});
    }
  }
  auto following =
      client_.follow(std::move(request), HttpClient::CrossHostRedirect::kRefused, deadline);
  auto answer = co_await std::move(following);
  co_return answer;
}

asio::awaitable<base::Result<void>> RepositorySession::fetch_token(Url realm, std::string service,
                                                                   Instant deadline) {
  const std::string who = "the token server " + realm.server.authority();
  at_token_server_ = true;
  auto asking = ask_for_token(std::move(realm), std::move(service), deadline);
  const auto answer = co_await std::move(asking);
  if (!answer) co_return base::prefixed("token server", answer.error());
  const int status = answer->status;
  if (status == 401 || status == 403) {
    co_return unauthorized(fmt::format(
        "{} {} (HTTP status {})", who,
        credentials_ ? "refuses the credentials" : "issues no token without credentials", status));
  }
  // OAuth2 uses 400 for an invalid refresh token (RFC 6749, 5.2).
  if (status == 400 && credentials_ && !credentials_->identity_token.empty()) {
    co_return unauthorized(
        who + " refuses the identity token (HTTP status 400): log in to the registry again");
  }
  if (status != 200) co_return unexpected(who, status);
  co_return take_token(*answer, who);
}

base::Result<void> RepositorySession::take_token(const HttpAnswer& answer, const std::string& who) {
  const auto token = parse_token(answer.body);
  if (!token) {
    return base::Error{token.error().code,
                       who + " answers with an invalid token: " + token.error().message};
  }
  at_token_server_ = false;
  use_authorization("Bearer " + token->text, std::chrono::steady_clock::now() + token->life);
  return {};
}

void RepositorySession::use_authorization(std::string authorization, std::optional<Instant> end) {
  authorization_ = std::move(authorization);
  token_end_ = end;
  authorization_accepted_ = false;
  ++authentications_;
}

// Authenticates again, unless another request has done so since authentications_ was `seen`.
asio::awaitable<base::Result<void>> RepositorySession::renew(std::uint64_t seen, Instant deadline) {
  auto waiting = turn_.acquire(deadline);
  const auto turn = co_await std::move(waiting);
  if (!turn)
    co_return base::Error{base::ErrorCode::kTimeout, host() + ": the authentication took too long"};
  if (authentications_ != seen) co_return base::Result<void>();
  auto authorizing = authorize(deadline);
  auto authorized = co_await std::move(authorizing);
  co_return authorized;
}

bool RepositorySession::expired() const {
  return token_end_ && std::chrono::steady_clock::now() + limits::kTokenMargin > *token_end_;
}

asio::awaitable<base::Result<HttpAnswer>> RepositorySession::send(
    HttpRequest request, Instant deadline, HttpClient::CrossHostRedirect cross_host) {
  const bool own = same_host(server_, request.url.server);
  if (own && expired()) {
    auto renewing = renew(authentications_, deadline);
    const auto renewed = co_await std::move(renewing);
    if (!renewed) co_return renewed.error();
  }
  for (int round = 0;; ++round) {
    const std::uint64_t seen = authentications_;
    set_authorization(request, own ? authorization_ : "");
    auto following = client_.follow(request, cross_host, deadline);
    auto answer = co_await std::move(following);
    if (!answer || !own || !same_host(server_, answer->url.server)) co_return answer;
    const bool current = authentications_ == seen;
    if (answer->status != 401) {
      authorization_accepted_ = authorization_accepted_ || current;
      co_return answer;
    }
    // A registry may require authentication only for this request, or an authentication that it
    // accepted before may have expired. A 401 to a new authentication is final.
    const bool fresh = current && !authorization_.empty() && !authorization_accepted_;
    if (fresh || round == kRenewals) co_return answer;
    if (!answer->header("WWW-Authenticate").empty()) remember_challenges(*answer);
    if (challenges_.empty()) co_return answer;
    deleting_ = deleting_ || request.method == "DELETE";
    auto renewing = renew(seen, deadline);
    const auto renewed = co_await std::move(renewing);
    if (!renewed) co_return renewed.error();
  }
}

}  // namespace registry
