// Credentials keeps the credentials for the API server up to date: the files with the token, the CA
// and the client certificate are read again at an interval, and the credential plugin is run again
// when its credential has expired.
//
// The transport owns the Credentials and uses them on the thread of the io_context only. No message
// contains a secret.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/semaphore.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "kube/config/config.h"
#include "kube/config/exec_plugin.h"
#include "net/http/http.h"
#include "net/tls.h"

namespace kube {

struct CredentialBounds {
  std::chrono::milliseconds reload{};          // age after which files are read again
  std::chrono::milliseconds plugin_timeout{};  // limit of one run of the plugin
  std::chrono::milliseconds plugin_retry{};    // minimum time between a failed run and the next run
};

class Credentials {
 public:
  // An Identity has the credentials of one request. A copy keeps its values after a refresh.
  struct Identity {
    std::string authorization;             // value of the header; empty: no header
    std::shared_ptr<net::TlsContext> tls;  // null for a server and proxy without TLS
  };

  // All arguments outlive the Credentials.
  Credentials(const ClientConfig& config, base::Clock& clock, base::Logger& logger,
              boost::asio::any_io_executor executor, CredentialBounds bounds);
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // Reads all files for the first time, but does not run the plugin. kInvalid: a file, certificate
  // or key cannot be used.
  base::Result<void> load();

  // Returns whether identity() is up to date, so that refresh() need not be called first.
  bool fresh() const;
  const Identity& identity() const { return identity_; }

  // Brings the identity up to date. When a file can no longer be read, its earlier content stays in
  // use and a warning is logged. kUnauthorized: the ID token has expired, or the plugin cannot be
  // run or failed. kTimeout, kTooLarge, kMalformed: the plugin failed (run_exec_plugin).
  boost::asio::awaitable<base::Result<void>> refresh();

  // Renews the credentials, at most once in bounds.reload. Call it after a 401 to a request with
  // this `authorization`. Returns whether the credentials have changed, so that the request can be
  // repeated.
  boost::asio::awaitable<bool> refused(std::string authorization);

 private:
  base::Result<void> reload_files(bool first);
  base::Result<void> read_pem(const Pem& pem, std::string_view what, std::string& text);
  base::Result<void> rebuild_tls(net::TlsSettings settings);
  base::Result<void> adopt(ExecCredential credential);
  boost::asio::awaitable<base::Result<void>> run_plugin();
  void warn(const base::Error& error);
  base::Result<void> check_id_token() const;
  bool plugin_due() const;
  void update_authorization();

  const ClientConfig& config_;
  base::Clock& clock_;
  base::Logger& logger_;
  boost::asio::any_io_executor executor_;
  CredentialBounds bounds_;
  async::Semaphore plugin_turn_;  // one run at a time; requests that waited use its result

  Identity identity_;
  net::TlsSettings tls_;  // the settings that identity_.tls was made from
  std::string token_;
  base::Clock::Instant loaded_{};   // time of the last attempt to read the files
  base::Clock::Instant refused_{};  // time of the last 401 that led to a refresh
  std::optional<ExecCredential> plugin_result_;
  std::optional<base::Error> plugin_failure_;
  base::Clock::Instant plugin_failed_{};
  std::string warned_;  // the last warning, so that it is logged once
};

}  // namespace kube
