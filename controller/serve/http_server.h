// A small HTTP/1.1 server for the operator's own endpoints.
//
// Guarantees
//  * Bounded: limits::kServeConnections at once (more wait in the backlog),
//  limits::kServeHeaderBytes,
//    the route's body_bytes, limits::kServeTimeout to read a request and to write an answer.
//  * 404 for an unknown path, 405 with Allow for another method, 400, 413 and 431 for what cannot
//  be
//    read; keep-alive.
//  * Cancelling run() closes the listener and every connection, and waits for them.
//
// One owner, which outlives run(). Used on the thread of the io_context only. Beast stays behind
// this header.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "runtime/task_group.h"
#include "serve/bind_address.h"
#include "serve/http.h"

namespace serve {

struct ServerOptions {
  std::size_t connections = limits::kServeConnections;
  std::chrono::milliseconds timeout = limits::kServeTimeout;
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

  std::size_t connections() const { return open_; }

 private:
  struct Connection;
  struct Listening;

  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(std::unique_ptr<Connection> connection);
  boost::asio::awaitable<bool> exchange(Connection& connection);

  boost::asio::any_io_executor executor_;
  std::vector<Route> routes_;
  base::Logger& logger_;
  ServerOptions options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer room_;  // never expires: its cancellation wakes accept()
  runtime::TaskGroup group_;
  std::size_t open_ = 0;
  std::size_t body_bytes_ = 0;  // of the route that takes most
  std::uint16_t port_ = 0;
};

}  // namespace serve
