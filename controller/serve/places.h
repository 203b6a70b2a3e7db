// Which connection a server gives up when there is no place for a new one.
//
// A connection that had an answer ("served") is worth more than one that had none, so that a kept
// connection of the API server outlives a flood of silent ones. Neither is kept for ever: when the
// served ones have more than their part, the one that has been idle longest goes. Of the others the
// one that has been longest without a whole request goes, first of all those that sent nothing.
// When the client's address has all the places that one address may have, one of that address goes.
//
// Pure; any thread.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/limits.h"

namespace serve {

struct PlaceLimits {
  std::size_t connections = limits::kServeConnections;
  std::size_t per_address = limits::kServeConnectionsPerAddress;
  std::size_t served = limits::kServeConnectionsServed;  // that others have to give way to
  // Before a connection that is not idle is evicted, from its `since`.
  std::chrono::milliseconds patience = limits::kServePatience;
  std::chrono::milliseconds silent_patience = limits::kServeSilentPatience;
};

// A connection that has a place.
struct Occupant {
  using Instant = std::chrono::steady_clock::time_point;

  std::uint64_t id = 0;
  boost::asio::ip::address address;  // of the client
  bool served = false;               // a request of it was answered by an endpoint
  bool idle = false;                 // it waits for another request after an answer
  bool spoke = false;                // something came from it
  Instant since;                     // it was accepted, its request began, or it became idle
};

struct Eviction {
  std::uint64_t id = 0;
  Occupant::Instant due;  // not evicted before, unless many clients wait
};

// Nothing when there is a place for a connection from address.
std::optional<Eviction> choose_eviction(const std::vector<Occupant>& occupants,
                                        const boost::asio::ip::address& address,
                                        const PlaceLimits& limits);

}  // namespace serve
