// This file has what TLS clients and TLS servers have in common, for the files that call OpenSSL
// themselves. It is only a header, because crypto/ does not link libssl. Only .cpp files include
// it. It can be used on any thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "crypto/openssl.h"

namespace crypto {

using ContextPtr = std::unique_ptr<SSL_CTX, OpenSslDeleter<SSL_CTX_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, OpenSslDeleter<SSL_SESSION_free>>;
using SslPtr = std::unique_ptr<SSL, OpenSslDeleter<SSL_free>>;

// Sets the options of every TLS context in this project: at least TLS 1.2, no compression, no
// renegotiation, no buffers in idle connections, and no password for keys.
inline void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context, no_password);
}

}  // namespace crypto
