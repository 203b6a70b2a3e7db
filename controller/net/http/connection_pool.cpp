#include "net/http/connection_pool.h"

#include <limits>

namespace net {
namespace {

std::size_t places(const PoolBounds& bounds) {
  return bounds.connections != 0 ? bounds.connections : std::numeric_limits<std::size_t>::max();
}

}  // namespace

ConnectionPool::ConnectionPool(const boost::asio::any_io_executor& executor, base::Clock& clock,
                               PoolBounds bounds)
    : clock_(clock),
      bounds_(bounds),
      permits_(executor, places(bounds)),
      alarm_(executor, [this] { close_old(); }) {}

std::unique_ptr<Connection> ConnectionPool::take(const ServerRoute& route,
                                                 const TlsContext* identity) {
  for (std::size_t i = idle_.size(); i-- > 0;) {
    const bool is_of_route =
        idle_[i].server == route.server && idle_[i].unix_socket == route.unix_socket;
    if (!is_of_route) continue;
    auto connection = std::move(idle_[i].connection);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    const bool fits = identity == nullptr || connection->context() == identity;
    if (fits && connection->is_reusable()) return connection;
  }
  return nullptr;
}

void ConnectionPool::keep(const ServerRoute& route, std::unique_ptr<Connection> connection) {
  if (bounds_.idle_connections == 0) return;
  if (idle_.size() == bounds_.idle_connections) idle_.pop_front();
  const Instant until = clock_.now() + bounds_.idle_time;
  idle_.push_back({route.server, route.unix_socket, std::move(connection), until});
  const bool expires = bounds_.idle_time > std::chrono::milliseconds::zero();
  if (expires && idle_.size() == 1) alarm_.set(until);
}

void ConnectionPool::close_old() {
  const Instant now = clock_.now();
  while (!idle_.empty() && idle_.front().until <= now) idle_.pop_front();
  if (!idle_.empty()) alarm_.set(idle_.front().until);
}

}  // namespace net
