#include "registry/push_checker.h"

#include <fmt/core.h>

#include <algorithm>

#include "registry/session.h"

namespace registry {
namespace {

namespace asio = boost::asio;

// Returns the list of the valid entries; ignores the others.
template <class List>
List readable(const std::vector<std::string>& entries) {
  std::vector<std::string> good;
  std::copy_if(entries.begin(), entries.end(), std::back_inserter(good),
               [](const std::string& entry) { return List::parse({entry}).has_value(); });
  return *List::parse(good);
}

PushAnswer denied(std::string message) { return {Answer::kDenied, std::move(message)}; }
PushAnswer unknown(std::string message) { return {Answer::kUnknown, std::move(message)}; }

// Returns true for errors by which a user who may create LocalRegistries could explore a network.
// Such errors reveal whether an address has a listener, its protocol, and the names in its
// certificate.
bool is_about_network(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kNetwork:
    case base::ErrorCode::kTimeout:
    case base::ErrorCode::kTls:
    case base::ErrorCode::kTooLarge:
    case base::ErrorCode::kInvalid: return true;
    default: return false;
  }
}

std::string_view credentials_note(const RepositorySession& session) {
  return session.has_credentials() ? "with the given credentials" : "without credentials";
}

// Returns the result of the check if the registry answers the request to begin an upload with
// `status`.
PushAnswer answer_for_status(const RepositorySession& session, int status) {
  const std::string host = session.host();
  switch (status) {
    case 201:
    case 202: return {Answer::kGranted, fmt::format("{} allows pushing {}", host, session.path())};
    case 401:
    case 403:
      return denied(fmt::format("{} does not allow pushing {} {} (HTTP status {})", host,
                                session.path(), credentials_note(session), status));
    case 404:
      return denied(
          fmt::format("repository {} does not exist on {}, or is not visible {} (HTTP status 404): "
                      "create it, or use credentials that may push to it",
                      session.path(), host, credentials_note(session)));
    case 429: return unknown(rate_limited(host));
    default:
      return unknown(
          fmt::format("{} answers HTTP status {} to the start of an upload", host, status));
  }
}

}  // namespace

api::PushPermission permission_of(Answer answer) {
  switch (answer) {
    case Answer::kGranted: return api::PushPermission::kGranted;
    case Answer::kDenied: return api::PushPermission::kDenied;
    case Answer::kUnknown: break;
  }
  return api::PushPermission::kUnknown;
}

PushChecker::PushChecker(asio::any_io_executor executor, base::Clock& clock, CheckOptions options)
    : executor_(std::move(executor)),
      clock_(clock),
      options_(std::move(options)),
      insecure_(readable<InsecureRegistries>(options_.insecure_registries)),
      denied_{readable<Networks>(options_.denied_networks), {}},
      trust_(options_.ca_file) {}

PushAnswer PushChecker::answer_of(const RepositorySession& session,
                                  const base::Error& error) const {
  if (error.code == base::ErrorCode::kUnauthorized) return denied(error.message);
  if (options_.report_network_errors) return unknown(error.message);
  if (!is_about_network(error) && !session.is_at_token_server()) return unknown(error.message);
  return unknown(
      fmt::format("the operator cannot reach a registry at {}: check the host in the image, or set "
                  "spec.enabled to true",
                  session.host()));
}

asio::awaitable<PushAnswer> PushChecker::check(api::ImageReference repository,
                                               std::optional<Credentials> credentials) {
  HttpOptions http;
  http.insecure = insecure_;
  http.guard = options_.guard_addresses;
  http.denied = denied_;
  http.environment = options_.environment;
  http.user_agent = options_.user_agent;
  http.header_bytes = options_.header_bytes;
  http.body_bytes = options_.body_bytes;
  http.request_timeout = options_.request_timeout;
  HttpClient client(executor_, clock_, trust_, std::move(http));
  RepositorySession session(client, std::move(repository), std::move(credentials), Access::kPush);
  const Instant deadline = clock_.now() + options_.timeout;
  auto asking = try_upload(session, deadline);
  auto answer = co_await std::move(asking);
  co_return answer;
}

asio::awaitable<PushAnswer> PushChecker::try_upload(RepositorySession& session, Instant deadline) {
  auto opening = session.open(deadline);
  const auto opened = co_await std::move(opening);
  if (!opened) co_return answer_of(session, opened.error());
  auto beginning = session.send({"POST", session.url("blobs/uploads/")}, deadline);
  const auto begun = co_await std::move(beginning);
  if (!begun) co_return answer_of(session, begun.error());
  PushAnswer answer = answer_for_status(session, begun->status);
  if (answer.answer == Answer::kGranted) {
    auto cancelling = cancel_upload(session, *begun, deadline);
    co_await std::move(cancelling);
  }
  co_return answer;
}

// Cancels the upload. The result is ignored, because registries remove abandoned uploads. Only a
// Location at the registry itself is used, so that an answer cannot choose another server to which
// the operator sends a DELETE.
asio::awaitable<void> PushChecker::cancel_upload(RepositorySession& session,
                                                 const HttpAnswer& begun, Instant deadline) {
  auto url = session.location(begun);
  if (!url || !session.is_url_of_registry(*url)) co_return;
  const Instant limit = clock_.now() + options_.cancel_timeout;
  auto cancelling = session.send({"DELETE", std::move(*url)}, std::min(deadline, limit));
  co_await std::move(cancelling);
}

}  // namespace registry
