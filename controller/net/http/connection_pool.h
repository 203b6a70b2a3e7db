// A ConnectionPool bounds the number of connections, keeps idle ones for the next request and
// closes those that stay idle for too long. The HttpClient owns the pool and outlives every Permit.
// The pool is used on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "async/alarm.h"
#include "async/semaphore.h"
#include "base/clock.h"
#include "net/connection.h"
#include "net/server_route.h"

namespace net {

struct PoolBounds {
  // The maximum number of connections in use at once; further requests wait in FIFO order. 0: no
  // limit, for callers that limit their requests themselves.
  std::size_t connections = 0;

  std::size_t idle_connections = 0;  // maximum number; the least recently used is closed first

  // An idle connection is closed after this time. 0: it is kept until the pool is destroyed, so
  // that no timer keeps io_context::run() from returning.
  std::chrono::milliseconds idle_time{};
};

class ConnectionPool {
 public:
  using Instant = Connection::Instant;

  // `clock` outlives the pool.
  ConnectionPool(const boost::asio::any_io_executor& executor, base::Clock& clock,
                 PoolBounds bounds);

  // Waits for the permit to use one connection. Returns nothing when the deadline has passed.
  boost::asio::awaitable<std::optional<async::Semaphore::Permit>> permit(Instant deadline) {
    return permits_.acquire(deadline);
  }

  // Returns the most recently used idle connection to the server of `route` that is still open and
  // has the TLS context `identity` (null: any context); null when there is none. Closes the
  // connections to this server that it finds unusable on the way.
  std::unique_ptr<Connection> take(const ServerRoute& route, const TlsContext* identity);

  // Keeps an idle connection to the server of `route` for another request. The caller still holds
  // the connection's permit.
  void keep(const ServerRoute& route, std::unique_ptr<Connection> connection);

 private:
  struct Idle {
    ServerUrl server;
    std::string unix_socket;
    std::unique_ptr<Connection> connection;
    Instant until;
  };

  void close_old();

  base::Clock& clock_;
  const PoolBounds bounds_;
  async::Semaphore permits_;
  std::deque<Idle> idle_;  // the least recently used first
  async::Alarm alarm_;     // set while a connection is idle, unless idle_time is 0
};

}  // namespace net
