// May an image be pushed to where its name says? Asked of the registry itself: an upload is begun
// and cancelled, as the `docker push` that would follow does.
//
// What the answers mean
//  * kGranted: the registry began an upload (201, 202). It was asked to forget it.
//  * kDenied: the registry or its token server refused (401, 403), or there is no such repository
//    (404).
//  * kUnknown: anything else; the message says what: a name that cannot be looked up, a refused
//    connection, no answer in time, a certificate that cannot be trusted and why, an HTTP status,
//    an answer that makes no sense or has no end, an address that is not allowed. Without
//    CheckOptions::report_network_errors all of these but the HTTP status of the registry itself
//    have one wording, so that the check reveals nothing about a network that its author cannot
//    reach.
// Guarantees
//  * A check ends in CheckOptions::timeout and reads a bounded number of bytes. Cancelling it
//  closes
//    its connections.
//  * What session.h and http_client.h guarantee of credentials, HTTPS, redirects and addresses.
// One owner, which outlives the checks; any number of them at once. On the thread of the
// io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/image_reference.h"
#include "api/local_registry.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/limits.h"
#include "registry/docker_config.h"
#include "registry/http_client.h"
#include "registry/trust.h"

namespace registry {

class Session;

struct CheckOptions {
  // Entries as in policy.h; one that is none is ignored: who takes them from people has
  // InsecureRegistries::parse say so.
  std::vector<std::string> insecure_registries = {};
  std::string ca_file = {};  // PEM: trusted besides the system's CAs; read anew when it has changed
  // Whether addresses of special use are refused, as they have to be when others than the user of
  // this machine say which registry is asked.
  bool guard_addresses = true;
  std::vector<std::string> denied_networks = {};  // asked never, as in policy.h; ignored if none
  // Whether messages say why a registry or its token server cannot be reached.
  bool report_network_errors = true;
  base::EnvironmentVariables environment = {};  // for HTTPS_PROXY, HTTP_PROXY and NO_PROXY
  std::string user_agent = "local-registry-operator";
  std::chrono::milliseconds timeout = limits::kPushCheckTimeout;  // of the whole
  std::chrono::milliseconds request_timeout = limits::kRegistryRequestTimeout;
  std::chrono::milliseconds cancel_timeout = limits::kUploadCancelTimeout;  // of the upload
  std::size_t header_bytes = limits::kRegistryHeaderBytes;
  std::size_t body_bytes = limits::kCheckBodyBytes;
};

enum class Answer { kGranted, kDenied, kUnknown };

// As it stands in a status; api::name has its word.
api::PushPermission permission_of(Answer answer);

struct PushAnswer {
  Answer answer = Answer::kUnknown;
  std::string message;  // one sentence for people, without a full stop and without any secret

  bool operator==(const PushAnswer&) const = default;
};

class PushChecker {
 public:
  // clock is the machine's and outlives the checker.
  PushChecker(boost::asio::any_io_executor executor, base::Clock& clock, CheckOptions options);
  PushChecker(const PushChecker&) = delete;
  PushChecker& operator=(const PushChecker&) = delete;
  virtual ~PushChecker() = default;

  // The repository's tag and digest do not matter. Without credentials the registry is asked as
  // anybody. Throws boost::system::system_error (operation_aborted) when it is cancelled.
  // Virtual so that tests of those who ask can answer.
  virtual boost::asio::awaitable<PushAnswer> check(api::ImageReference repository,
                                                   std::optional<Credentials> credentials);

  // The networks of the cluster's Services, from now on.
  void set_service_networks(Networks networks) { denied_.services = std::move(networks); }

 private:
  using Instant = HttpClient::Instant;

  PushAnswer answer_of(const Session& session, const base::Error& error) const;
  boost::asio::awaitable<PushAnswer> ask(Session& session, Instant deadline);
  boost::asio::awaitable<void> cancel_upload(Session& session, const HttpAnswer& begun,
                                             Instant deadline);

  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  CheckOptions options_;
  InsecureRegistries insecure_;
  DeniedAddresses denied_;
  Trust trust_;
};

}  // namespace registry
