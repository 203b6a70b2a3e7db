// A ConnectionPool bounds the number of connections, keeps idle ones for the next request and
// closes those that stay idle for too long. Owned by the HttpClient, which outlives every Permit.
// Used on the thread of the io_context only.
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
  // Connections in use at once; further requests wait, first come, first served. 0: no limit, for
  // callers that bound their requests themselves.
  std::size_t connections = 0;

  std::size_t idle_connections = 0;  // idle ones to keep; the least recently used is closed first

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

  // Returns the most recently used idle connection of that route that is still open and has the TLS
  // context `identity` (null: any); null without one. Closes the idle connections of the route that
  // it passes over.
  std::unique_ptr<Connection> take(const ServerRoute& route, const TlsContext* identity);

  // Keeps a connection of that route that can carry another request. The caller still holds its
  // permit.
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
  async::Alarm alarm_;     // set while something is idle, if there is an idle time
};

}  // namespace net
