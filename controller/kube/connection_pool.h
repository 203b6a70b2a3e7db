// The connections between requests: how many there may be, which are idle, when they are closed.
// Owned by the transport, which outlives every Lease. On the thread of the io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "kube/alarm.h"
#include "net/connection.h"
#include "net/semaphore.h"

namespace kube {

class ConnectionPool {
 public:
  using Instant = net::Connection::Instant;

  ConnectionPool(const boost::asio::any_io_executor& executor, std::size_t most,
                 std::chrono::milliseconds idle);

  // The right to have one connection. Nothing: the deadline passed.
  boost::asio::awaitable<std::optional<net::Semaphore::Permit>> permit(Instant deadline) {
    return permits_.acquire(deadline);
  }

  // The idle connection that was used last, if it is still good and has this identity.
  std::unique_ptr<net::Connection> take(const net::TlsContext* identity);

  // Keeps a connection that can carry another request. The caller still has its permit.
  void keep(std::unique_ptr<net::Connection> connection);

 private:
  struct Idle {
    std::unique_ptr<net::Connection> connection;
    Instant until;
  };

  void close_old();

  std::chrono::milliseconds idle_time_;
  net::Semaphore permits_;
  std::deque<Idle> idle_;  // the oldest first
  Alarm alarm_;            // set while something is idle
};

}  // namespace kube
