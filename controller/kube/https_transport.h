// The real transport: HTTP/1.1 over TLS to one API server.
//
// Guarantees
//  * send() takes a connection from a pool of at most bounds.connections; who finds none waits,
//  first
//    come, first served. Idle connections are closed after bounds.idle. open() has one of its own.
//  * The server's certificate is verified (CA of the configuration, else the system's; host name or
//    IP address); redirects are never followed; TLS 1.2 is the least.
//  * A request is sent twice in two cases only: an idle connection turned out to be closed before a
//    byte of the answer came, and the request was a GET or no byte of it was written; or the answer
//    was 401 and there are other credentials by now.
//  * Files with tokens, CAs and certificates are read again every bounds.reload; the credential
//    plugin is run again when what it gave has expired. Connections of an earlier TLS identity are
//    not used for further requests; streams stay until they end.
//  * A dead peer is found in bounds.tcp_user_timeout, also when nothing is sent.
//  * No message holds a token, a password, a key or a body.
// Assumptions
//  * One thread runs the executor. The clock is the machine's: deadlines of sockets are its time.
//  * Streams and coroutines of a transport have ended before it is destroyed.
// Caveats
//  * The time a credential plugin takes does not count into a request's timeout; it has its own.
//  * A look-up that hangs is given up in time, but the next one waits for its end. None is needed
//    for an IP address, as a pod has it.
//  * While a connection is idle its timer keeps io_context::run() from returning.
//  * An error is kNetwork, kTimeout, kTls, kTooLarge (a head or body over its bound), kMalformed
//  (no
//    HTTP), kInvalid (a header that cannot be sent) or kUnauthorized (the credential plugin
//    failed).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "kube/config.h"
#include "kube/transport.h"

namespace kube {

// Those of base/limits.h; tests bring smaller ones.
struct TransportBounds {
  using Milliseconds = std::chrono::milliseconds;

  std::size_t connections = limits::kConnections;
  std::size_t header_bytes = limits::kHeaderBytes;
  std::size_t body_bytes = limits::kResponseBytes;
  Milliseconds connect_timeout = limits::kConnectTimeout;  // look-up, TCP, proxy and TLS
  Milliseconds request_timeout = limits::kRequestTimeout;  // of a request that states none
  Milliseconds idle = limits::kIdleConnection;
  Milliseconds tcp_user_timeout = limits::kTcpUserTimeout;
  Milliseconds reload = limits::kTokenReload;
  Milliseconds plugin_timeout = limits::kExecPluginTimeout;
  Milliseconds plugin_retry = limits::kExecPluginRetry;
};

// Reads the files that the configuration names, but connects to nothing and runs no plugin.
// kInvalid: a file, certificate or key cannot be used. clock and logger outlive the transport.
base::Result<std::unique_ptr<Transport>> make_https_transport(ClientConfig config,
                                                              base::Clock& clock,
                                                              base::Logger& logger,
                                                              boost::asio::any_io_executor executor,
                                                              TransportBounds bounds = {});

}  // namespace kube
