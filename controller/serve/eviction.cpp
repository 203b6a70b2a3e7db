#include "serve/eviction.h"

#include <algorithm>
#include <tuple>

namespace serve {
namespace {

// Returns whether to evict a served connection; false: evict one that is not served.
bool evicts_served(const std::vector<const ConnectionInfo*>& candidates, std::size_t slots,
                   const ConnectionLimits& limits) {
  const auto served = static_cast<std::size_t>(
      std::count_if(candidates.begin(), candidates.end(),
                    [](const ConnectionInfo* candidate) { return candidate->served; }));
  // Of the slots of one address, served connections may occupy the same fraction as of all slots.
  return served == candidates.size() || served > slots * limits.served / limits.connections;
}

// Returns the eviction rank; the connection with the lowest rank is evicted first. Ranks of served
// connections and of others must not be compared with each other.
int rank(const ConnectionInfo& connection) {
  if (connection.served) return connection.idle ? 0 : 1;
  return static_cast<int>(connection.stage);
}

// Returns how long the connection is kept, counted from `since`. When `waiting` clients wait for
// `slots` slots, even the last client gets a slot within limits.wait.
std::chrono::microseconds keep_time(const ConnectionInfo& connection, std::size_t slots,
                                    std::size_t waiting, const ConnectionLimits& limits) {
  if (connection.idle) return {};
  const auto clients = static_cast<std::int64_t>(std::max<std::size_t>(waiting, 1));
  const std::chrono::microseconds max =
      connection.stage == RequestStage::kNoBytes ? limits.silent_keep_time : limits.keep_time;
  const std::chrono::microseconds wait = limits.wait;
  const bool is_in_handshake =
      connection.stage == RequestStage::kClientHello || connection.stage == RequestStage::kTlsReady;
  const int times = is_in_handshake ? kHandshakeFactor : 1;
  return times * std::min(max, wait * static_cast<std::int64_t>(slots) / clients);
}

}  // namespace

std::optional<Eviction> choose_eviction(const std::vector<ConnectionInfo>& connections,
                                        const boost::asio::ip::address& address,
                                        std::size_t waiting, ConnectionInfo::Instant now,
                                        const ConnectionLimits& limits) {
  const auto of_address = [&](const ConnectionInfo& connection) {
    return connection.address == address;
  };
  const auto own =
      static_cast<std::size_t>(std::count_if(connections.begin(), connections.end(), of_address));
  const bool address_is_full = own >= limits.per_address;
  if (!address_is_full && connections.size() < limits.connections) return std::nullopt;
  std::vector<const ConnectionInfo*> candidates;
  for (const ConnectionInfo& connection : connections) {
    if (!address_is_full || of_address(connection)) candidates.push_back(&connection);
  }
  const std::size_t slots = address_is_full ? limits.per_address : limits.connections;
  const bool served = evicts_served(candidates, slots, limits);
  std::erase_if(candidates,
                [&](const ConnectionInfo* candidate) { return candidate->served != served; });
  const auto due = [&](const ConnectionInfo& candidate) {
    return candidate.since + keep_time(candidate, candidates.size(), waiting, limits);
  };
  // A connection is due when its keep time is over. If any connection is due, evict the due
  // connection of the lowest rank; do not wait for a lower rank that is not due, because the queue
  // would grow. If none is due, choose the one that is due next.
  const auto order = [&](const ConnectionInfo& candidate) {
    const ConnectionInfo::Instant at = due(candidate);
    return at <= now ? std::tuple(false, rank(candidate), candidate.since)
                     : std::tuple(true, 0, at);
  };
  const auto worst = std::min_element(candidates.begin(), candidates.end(),
                                      [&](const ConnectionInfo* one, const ConnectionInfo* other) {
                                        return order(*one) < order(*other);
                                      });
  return Eviction{(*worst)->id, due(**worst)};
}

}  // namespace serve
