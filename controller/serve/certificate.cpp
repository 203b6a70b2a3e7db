#include "serve/certificate.h"

#include <openssl/err.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>

#include "crypto/tls.h"

namespace serve {
namespace {

namespace ssl = boost::asio::ssl;

base::Error invalid(const std::string& what, const boost::system::error_code& failure) {
  ERR_clear_error();
  return {base::ErrorCode::kInvalid, what + ": " + failure.message()};
}

void configure(ssl::context& context) {
  SSL_CTX* native = context.native_handle();
  crypto::set_common_options(native);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(native, 0);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
}

}  // namespace

base::Result<void> ServerCertificate::replace(const std::string& chain, const std::string& key) {
  ERR_clear_error();
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  configure(*context);
  boost::system::error_code failure;
  context->use_certificate_chain(boost::asio::buffer(chain), failure);
  if (failure) return invalid("the certificate cannot be used", failure);
  context->use_private_key(boost::asio::buffer(key), ssl::context::pem, failure);
  if (failure) return invalid("the key cannot be used", failure);
  current_ = std::move(context);
  return {};
}

}  // namespace serve
