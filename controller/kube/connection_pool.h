// A ConnectionPool bounds the number of connections, keeps idle ones for the next request and
// closes those that stay idle for too long. Owned by the transport, which outlives every Permit.
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
#include "net/connection.h"

namespace kube {

class ConnectionPool {
 public:
  using Instant = net::Connection::Instant;

  ConnectionPool(const boost::asio::any_io_executor& executor, std::size_t most,
                 std::chrono::milliseconds idle);

  // Waits for the permit to have one connection. Returns nothing when the deadline has passed.
  boost::asio::awaitable<std::optional<async::Semaphore::Permit>> permit(Instant deadline) {
    return permits_.acquire(deadline);
  }

  // Returns the most recently used idle connection that is still open and has this TLS identity;
  // null without one. Closes the idle connections that it passes over.
  std::unique_ptr<net::Connection> take(const net::TlsContext* identity);

  // Keeps a connection that can carry another request. The caller still holds its permit.
  void keep(std::unique_ptr<net::Connection> connection);

 private:
  struct Idle {
    std::unique_ptr<net::Connection> connection;
    Instant until;
  };

  void close_old();

  std::chrono::milliseconds idle_time_;
  async::Semaphore permits_;
  std::deque<Idle> idle_;  // the oldest first
  async::Alarm alarm_;     // set while something is idle
};

}  // namespace kube
