// This file implements Transport for production: HTTP/1.1 over TLS to one API server.
//
// Guarantees
//  * send() uses a pool of at most bounds.connections connections; further requests wait in FIFO
//    order. Idle connections are closed after bounds.idle. Each open() uses a separate connection
//    outside the pool.
//  * The server's certificate is verified: its CA must be the one of the configuration or, if none
//    is configured, one of the system, and it must match the host name or IP address. Redirects are
//    never followed. TLS 1.2 is the minimum.
//  * A request is sent twice in two cases only. First: the server had closed an idle connection
//    before the first byte of the answer, and the request is a GET or no byte of it was written.
//    Second: the answer was HTTP 401 and the credentials have been renewed since.
//  * Files with tokens, CAs and certificates are read again every bounds.reload; the credential
//    plugin is run again when its credential has expired. Connections of an earlier TLS identity
//    carry no further requests; open streams continue.
//  * A dead peer is detected within bounds.tcp_user_timeout, even when nothing is sent.
//  * No error message contains a token, a password, a key or a body.
// Assumptions
//  * One thread runs the executor. Deadlines of sockets use the steady clock of the machine.
//  * Streams and coroutines of a transport have ended before it is destroyed.
// Caveats
//  * The run time of a credential plugin does not count against the timeout of a request, since the
//    plugin has a separate timeout.
//  * A DNS lookup that hangs is abandoned at the deadline, but the next lookup waits until it ends.
//    An IP address, which is what a pod uses, needs no lookup.
//  * While a connection is idle, its timer keeps io_context::run() from returning.
// Errors: kNetwork, kTimeout, kTls, kTooLarge (a head or body over its bound), kMalformed (not
//   HTTP), kInvalid (a header that cannot be sent), kUnauthorized (the ID token has expired or the
//   credential plugin failed).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "kube/config/config.h"
#include "kube/transport.h"

namespace kube {

// The default values of these bounds are those of base/limits.h; tests use smaller ones.
struct TransportBounds {
  using Milliseconds = std::chrono::milliseconds;

  std::size_t connections = limits::kConnections;
  std::size_t header_bytes = limits::kHeaderBytes;
  std::size_t body_bytes = limits::kResponseBytes;
  Milliseconds connect_timeout = limits::kConnectTimeout;  // DNS lookup, TCP, proxy and TLS
  Milliseconds request_timeout = limits::kRequestTimeout;  // if Request::timeout is 0
  Milliseconds idle = limits::kIdleConnection;
  Milliseconds tcp_user_timeout = limits::kTcpUserTimeout;
  Milliseconds reload = limits::kTokenReload;
  Milliseconds plugin_timeout = limits::kExecPluginTimeout;
  Milliseconds plugin_retry = limits::kExecPluginRetry;
};

// Creates a transport. Reads the files that the configuration names, but opens no connection and
// runs no plugin. kInvalid: a file, certificate or key cannot be used. `clock` and `logger` outlive
// the transport.
base::Result<std::unique_ptr<Transport>> make_https_transport(ClientConfig config,
                                                              base::Clock& clock,
                                                              base::Logger& logger,
                                                              boost::asio::any_io_executor executor,
                                                              TransportBounds bounds = {});

}  // namespace kube
