// A PushChecker checks whether an image can be pushed to the registry in its name. It begins an
// upload at that registry, as `docker push` does, and cancels it.
//
// What the answers mean
//  * kGranted: the registry began an upload (201, 202), and the checker requested its cancellation.
//  * kDenied: the registry or its token server refused access (401, 403), or there is no such
//    repository (404).
//  * kUnknown: anything else. The message has the cause: a failed name lookup, a refused
//    connection, a timeout, an untrusted certificate and why, an HTTP status, a malformed or
//    oversized answer, an address that is not allowed. Without CheckOptions::report_network_errors
//    one common message replaces the errors of connections, TLS, denied addresses, oversized
//    answers and the token server, so that a user who may create LocalRegistries cannot explore a
//    network with checks.
// Guarantees
//  * A check ends within CheckOptions::timeout and reads a bounded number of bytes. Cancelling it
//    closes its connections.
//  * The guarantees of session.h and http_client.h about credentials, HTTPS, redirects and
//    addresses hold.
// A PushChecker has one owner and outlives its checks, of which any number may run at once. It is
// used on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/images/image_reference.h"
#include "api/local_registry.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/limits.h"
#include "registry/docker_config.h"
#include "registry/http_client.h"
#include "registry/trust.h"

namespace registry {

class RepositorySession;

struct CheckOptions {
  // Registries used without TLS verification (format: InsecureRegistries in policy.h). Invalid
  // entries are ignored here; validate user input with InsecureRegistries::parse first.
  std::vector<std::string> insecure_registries = {};
  std::string ca_file = {};  // PEM: trusted in addition to the system's CAs; reread when changed
  // Whether addresses are checked by may_connect_to (policy.h). Must be true unless the user of
  // this machine chooses the registry.
  bool guard_addresses = true;
  std::vector<std::string> denied_networks =
      {};  // must not be contacted; invalid entries are ignored
  // Whether messages contain the reason why a registry or its token server cannot be reached.
  bool report_network_errors = true;
  base::EnvironmentVariables environment = {};  // for HTTPS_PROXY, HTTP_PROXY and NO_PROXY
  std::string user_agent{kUserAgent};
  std::chrono::milliseconds timeout = limits::kPushCheckTimeout;  // limit of the whole check
  std::chrono::milliseconds request_timeout = limits::kRegistryRequestTimeout;
  // Timeout of the request that cancels the upload.
  std::chrono::milliseconds cancel_timeout = limits::kUploadCancelTimeout;
  std::size_t header_bytes = limits::kRegistryHeaderBytes;
  std::size_t body_bytes = limits::kCheckBodyBytes;
};

enum class Answer { kGranted, kDenied, kUnknown };

// Returns the value for this answer in the status of a LocalRegistry; api::name() gives its text.
api::PushPermission permission_of(Answer answer);

struct PushAnswer {
  Answer answer = Answer::kUnknown;
  std::string message;  // one sentence for people, without a full stop and without any secret

  bool operator==(const PushAnswer&) const = default;
};

class PushChecker {
 public:
  // `clock` must be the real clock, which connections use for their timeouts. It outlives the
  // checker.
  PushChecker(boost::asio::any_io_executor executor, base::Clock& clock, CheckOptions options);
  PushChecker(const PushChecker&) = delete;
  PushChecker& operator=(const PushChecker&) = delete;
  virtual ~PushChecker() = default;

  // Checks whether the repository can be pushed to; its tag and digest are ignored. Without
  // credentials the check is anonymous. Throws boost::system::system_error (operation_aborted) when
  // it is cancelled. Virtual, so that tests of its callers can replace it.
  virtual boost::asio::awaitable<PushAnswer> check(api::ImageReference repository,
                                                   std::optional<Credentials> credentials);

  // Sets the Service networks of the cluster for the checks that begin from now on.
  void set_service_networks(Networks networks) { denied_.services = std::move(networks); }

 private:
  using Instant = HttpClient::Instant;

  PushAnswer answer_of(const RepositorySession& session, const base::Error& error) const;
  boost::asio::awaitable<PushAnswer> try_upload(RepositorySession& session, Instant deadline);
  boost::asio::awaitable<void> cancel_upload(RepositorySession& session, const HttpAnswer& begun,
                                             Instant deadline);

  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  CheckOptions options_;
  InsecureRegistries insecure_;
  DeniedAddresses denied_;
  Trust trust_;
};

}  // namespace registry
