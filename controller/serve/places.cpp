#include "serve/places.h"

#include <algorithm>
#include <tuple>

namespace serve {
namespace {

// Returns true when a served connection is evicted, false when one that was not served is.
bool served_give_way(const std::vector<const Occupant*>& candidates, std::size_t places,
                     const PlaceLimits& limits) {
  const auto served = static_cast<std::size_t>(
      std::count_if(candidates.begin(), candidates.end(),
                    [](const Occupant* candidate) { return candidate->served; }));
  // Served connections may take the same fraction of one address's places as of all places.
  return served == candidates.size() || served > places * limits.served / limits.connections;
}

// Returns the eviction rank; the lowest is evicted first. Compares connections only if either all
// of them were served or none was.
int rank(const Occupant& occupant) {
  if (occupant.served) return occupant.idle ? 0 : 1;
  return static_cast<int>(occupant.progress);
}

// Returns how long the connection is kept from its `since`. With `waiting` clients for `places`
// places, even the last client gets a place within limits.wait.
std::chrono::microseconds patience(const Occupant& occupant, std::size_t places,
                                   std::size_t waiting, const PlaceLimits& limits) {
  if (occupant.idle) return {};
  const auto clients = static_cast<std::int64_t>(std::max<std::size_t>(waiting, 1));
  const std::chrono::microseconds most =
      occupant.progress == Progress::kNone ? limits.silent_patience : limits.patience;
  const std::chrono::microseconds wait = limits.wait;
  const bool is_in_handshake =
      occupant.progress == Progress::kGreeted || occupant.progress == Progress::kSecured;
  const int times = is_in_handshake ? kForHandshake : 1;
  return times * std::min(most, wait * static_cast<std::int64_t>(places) / clients);
}

}  // namespace

std::optional<Eviction> choose_eviction(const std::vector<Occupant>& occupants,
                                        const boost::asio::ip::address& address,
                                        std::size_t waiting, Occupant::Instant now,
                                        const PlaceLimits& limits) {
  const auto of_address = [&](const Occupant& occupant) { return occupant.address == address; };
  const auto own =
      static_cast<std::size_t>(std::count_if(occupants.begin(), occupants.end(), of_address));
  const bool address_is_full = own >= limits.per_address;
  if (!address_is_full && occupants.size() < limits.connections) return std::nullopt;
  std::vector<const Occupant*> candidates;
  for (const Occupant& occupant : occupants) {
    if (!address_is_full || of_address(occupant)) candidates.push_back(&occupant);
  }
  const std::size_t places = address_is_full ? limits.per_address : limits.connections;
  const bool served = served_give_way(candidates, places, limits);
  std::erase_if(candidates, [&](const Occupant* candidate) { return candidate->served != served; });
  const auto due = [&](const Occupant& candidate) {
    return candidate.since + patience(candidate, candidates.size(), waiting, limits);
  };
  // Evict a connection that is due even if one of a lower rank is not due yet: waiting for that one
  // would let the queue grow. If none is due, choose the one that is due next.
  const auto order = [&](const Occupant& candidate) {
    const Occupant::Instant at = due(candidate);
    return at <= now ? std::tuple(false, rank(candidate), candidate.since)
                     : std::tuple(true, 0, at);
  };
  const auto worst = std::min_element(
      candidates.begin(), candidates.end(),
      [&](const Occupant* one, const Occupant* other) { return order(*one) < order(*other); });
  return Eviction{(*worst)->id, due(**worst)};
}

}  // namespace serve
