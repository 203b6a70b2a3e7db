// Who we are, kept up to date: reads token, CA and certificate files again when they are old, runs
// the credential plugin when what it gave has expired.
//
// Owned by the transport; on the thread of the io_context. Holds secrets; none is ever in a
// message.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "kube/config.h"
#include "kube/exec_plugin.h"
#include "net/http.h"
#include "net/semaphore.h"
#include "net/tls.h"

namespace kube {

struct CredentialBounds {
  std::chrono::milliseconds reload{};          // age after which files are read again
  std::chrono::milliseconds plugin_timeout{};  // of the plugin, from start to end
  std::chrono::milliseconds plugin_retry{};    // not run again sooner after a failure
};

class Credentials {
 public:
  // A snapshot for one request.
  struct Identity {
    std::string authorization;             // value of the header; empty: none
    std::shared_ptr<net::TlsContext> tls;  // none for a server and proxy without TLS
  };

  // Everything outlives the credentials.
  Credentials(const ClientConfig& config, base::Clock& clock, base::Logger& logger,
              boost::asio::any_io_executor executor, CredentialBounds bounds);
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // Reads all files a first time; the plugin is not run. kInvalid: something cannot be used.
  base::Result<void> load();

  // True when current() has nothing to wait for: then identity() may be used at once.
  bool fresh() const;
  const Identity& identity() const { return identity_; }

  // Brings the identity up to date. A file that cannot be read any more leaves what was read
  // before, with a warning; a plugin that fails is an error: kUnauthorized, kTimeout, kMalformed.
  // kUnauthorized as well: the ID token has expired.
  boost::asio::awaitable<base::Result<void>> refresh();

  // After a 401 to a request with this authorization: true when there is another by now, so that
  // the request is worth repeating. At most once in bounds.reload.
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
  net::Semaphore plugin_turn_;  // one run at a time; who waited finds its result

  Identity identity_;
  net::TlsSettings tls_;  // what identity_.tls was made of
  std::string token_;
  base::Clock::Instant loaded_{};
  base::Clock::Instant refused_{};  // of the last 401 that led to a refresh
  std::optional<ExecCredential> plugin_result_;
  std::optional<base::Error> plugin_failure_;
  base::Clock::Instant plugin_failed_{};
  std::string warned_;  // the last warning, to say it once
};

}  // namespace kube
