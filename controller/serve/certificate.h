// The certificate that an HttpServer presents, which may be replaced while it serves (OpenSSL).
//
// Guarantees
//  * A connection keeps what it began with; the next one gets what is current then.
//  * What cannot be used changes nothing.
//  * At least TLS 1.2. Sessions are not resumed, so that none outlives its certificate.
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
  // chain: PEM, the server's own first. key: PEM, without a password. kInvalid: one of them is not
  // that, or they do not belong together; the message quotes neither.
  base::Result<void> replace(const std::string& chain, const std::string& key);

  // Null before the first replace.
  const std::shared_ptr<boost::asio::ssl::context>& current() const { return current_; }

 private:
  std::shared_ptr<boost::asio::ssl::context> current_;
};

}  // namespace serve
