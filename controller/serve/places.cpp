#include "serve/places.h"

#include <algorithm>
#include <tuple>

namespace serve {
namespace {

// Lower goes first. are_many: connections that were served have more than their part.
int rank(const Occupant& occupant, bool are_many) {
  if (!occupant.served) {
    const int unserved = occupant.spoke ? 1 : 0;
    return are_many ? unserved + 2 : unserved;
  }
  const int served = occupant.idle ? 0 : 1;
  return are_many ? served : served + 2;
}

}  // namespace

std::optional<Eviction> choose_eviction(const std::vector<Occupant>& occupants,
                                        const boost::asio::ip::address& address,
                                        const PlaceLimits& limits) {
  const auto of_address = [&](const Occupant& occupant) { return occupant.address == address; };
  const auto own =
      static_cast<std::size_t>(std::count_if(occupants.begin(), occupants.end(), of_address));
  const bool address_is_full = own >= limits.per_address;
  if (!address_is_full && occupants.size() < limits.connections) return std::nullopt;
  std::vector<const Occupant*> candidates;
  std::size_t served = 0;
  for (const Occupant& occupant : occupants) {
    if (address_is_full && !of_address(occupant)) continue;
    candidates.push_back(&occupant);
    if (occupant.served) ++served;
  }
  const std::size_t places = address_is_full ? limits.per_address : limits.connections;
  // Of what one address may have the same part is for connections that were served.
  const bool are_many = served > places * limits.served / limits.connections;
  const auto worst = std::min_element(candidates.begin(), candidates.end(),
                                      [&](const Occupant* one, const Occupant* other) {
                                        return std::tuple(rank(*one, are_many), one->since) <
                                               std::tuple(rank(*other, are_many), other->since);
                                      });
  const Occupant& victim = **worst;
  Eviction eviction{victim.id, victim.since};
  if (!victim.idle) eviction.due += victim.spoke ? limits.patience : limits.silent_patience;
  return eviction;
}

}  // namespace serve
