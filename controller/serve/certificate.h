// The TLS certificate of an HttpServer, which may be replaced while the server runs.
//
// Guarantees
//  * A connection keeps the certificate that it started with; new connections get the current one.
//  * A certificate or key that cannot be used leaves the current one unchanged.
//  * Connections use TLS 1.2 or later. TLS sessions are not resumed, so that no session outlives
//    its certificate.
//
// One owner, which outlives the server. Used on the thread of the io_context only.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"

namespace boost::asio::ssl {
class context;
}

namespace serve {

class ServerCertificate {
 public:
  // Replaces the certificate for new connections. `chain`: PEM, the server's certificate first.
  // `key`: PEM, without a password. Returns kInvalid when `chain` or `key` cannot be read or they
  // do not match; the message quotes neither of them.
  base::Result<void> replace(const std::string& chain, const std::string& key);

  // Returns the TLS context with the certificate; null before the first successful replace().
  const std::shared_ptr<boost::asio::ssl::context>& current() const { return current_; }

 private:
  std::shared_ptr<boost::asio::ssl::context> current_;
};

}  // namespace serve
