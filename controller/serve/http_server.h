// A small HTTP/1.1 server for the operator's own endpoints, with TLS where it is given a
// certificate.
//
// Guarantees
//  * Bounded: limits::kServeConnections at once (more wait in the backlog; one that is idle makes
//    room), limits::kServeHeaderBytes, the body_bytes of the route, limits::kServeBodyBytes of
//    bodies at once (of each what has come of it), limits::kServeTimeout for a handshake, to read a
//    request and to write an answer, limits::kServeIdle between two requests.
//  * 404 for an unknown path, 405 with Allow for another method, 400, 413 and 431 for what cannot
//    be read, 503 for a body that there is no room for; keep-alive.
//  * Cancelling run() closes the listener and every connection, and waits for them.
// Caveats: while there is no certificate yet, connections are closed as soon as they are made.
//
// One owner, which outlives run(). Used on the thread of the io_context only. Beast and OpenSSL
// stay behind this header.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "runtime/task_group.h"
#include "serve/bind_address.h"
#include "serve/certificate.h"
#include "serve/http.h"

namespace serve {

struct ServerOptions {
  std::size_t connections = limits::kServeConnections;
  std::chrono::milliseconds timeout = limits::kServeTimeout;
  std::chrono::milliseconds idle = limits::kServeIdle;
  std::size_t body_bytes = limits::kServeBodyBytes;
  const ServerCertificate* certificate = nullptr;  // null: without TLS
};

class HttpServer {
 public:
  HttpServer(boost::asio::any_io_executor executor, std::vector<Route> routes, base::Logger& logger,
             ServerOptions options = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Listens. Port 0 takes a free one. kInvalid, with the address and the reason, when that fails.
  base::Result<> bind(const BindAddress& address);

  // The port that it listens on; 0 before bind().
  std::uint16_t port() const { return port_; }

  // Accepts and answers until it is cancelled, which it throws (operation_aborted). Once, after
  // bind().
  boost::asio::awaitable<void> run();

  // Answers on a connection that somebody else has made. While run() runs.
  void serve(boost::asio::ip::tcp::socket socket);

  // From here on each answer ends its connection, so that clients look for another server before
  // this one goes.
  void drain() { draining_ = true; }

  std::size_t connections() const { return open_.size(); }

 private:
  struct Connection;
  struct Listening;

  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> make_room();
  boost::asio::awaitable<void> serve_plainly(std::unique_ptr<Connection> connection);
  boost::asio::awaitable<void> serve_securely(std::unique_ptr<Connection> connection,
                                              std::shared_ptr<boost::asio::ssl::context> context);
  template <class Stream>
  boost::asio::awaitable<bool> exchange(Stream& stream, Connection& connection);
  template <class Stream>
  boost::asio::awaitable<bool> wait_for_request(Stream& stream, Connection& connection);

  boost::asio::any_io_executor executor_;
  std::vector<Route> routes_;
  base::Logger& logger_;
  ServerOptions options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer room_;  // never expires: its cancellation wakes accept()
  runtime::TaskGroup group_;
  std::list<Connection*> open_;
  std::size_t body_bytes_ = 0;  // of bodies that are read now
  std::uint16_t port_ = 0;
  bool draining_ = false;
};

}  // namespace serve
