#include "kube/connection_pool.h"

namespace kube {

ConnectionPool::ConnectionPool(const boost::asio::any_io_executor& executor, std::size_t max,
                               std::chrono::milliseconds idle)
    : idle_time_(idle), permits_(executor, max), alarm_(executor, [this] { close_old(); }) {}

std::unique_ptr<net::Connection> ConnectionPool::take(const net::TlsContext* identity) {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (connection->context() == identity && connection->is_reusable()) return connection;
  }
  return nullptr;
}

void ConnectionPool::keep(std::unique_ptr<net::Connection> connection) {
  const Instant until = std::chrono::steady_clock::now() + idle_time_;
  idle_.push_back({std::move(connection), until});
  if (idle_.size() == 1) alarm_.set(until);
}

void ConnectionPool::close_old() {
  const Instant now = std::chrono::steady_clock::now();
  while (!idle_.empty() && idle_.front().until <= now) idle_.pop_front();
  if (!idle_.empty()) alarm_.set(idle_.front().until);
}

}  // namespace kube
