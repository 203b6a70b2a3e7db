// Which connection a server gives up when there is no place for a new one.
//
// A connection that had an answer ("served") is worth more than one that had none, so that a kept
// connection of the API server outlives a flood of silent ones. Neither is kept for ever: when the
// served ones have more than their part, the one that has been idle longest goes.
//
// Every other connection is kept for its patience, a time that gets shorter the more clients wait.
// Of those whose patience is over the one that has got least far goes; among equals the one that
// has been there longest. See Progress. When the client's address has all the places that one
// address may have, one of that address goes.
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
  // How long a connection that is not idle is kept, from its `since`, when few clients wait.
  std::chrono::milliseconds patience = limits::kServePatience;
  std::chrono::milliseconds silent_patience = limits::kServeSilentPatience;
  // The longest that a client waits for places whose holders send nothing, or nothing of use. Who
  // greets holds its place kForHandshake times as long, and who asks once more.
  std::chrono::milliseconds wait = limits::kServeWait;
};

// What a connection has done so far for its first request.
enum class Progress {
  kNone,     // nothing came from it
  kSpoke,    // something came from it
  kGreeted,  // its whole greeting of TLS came
  kSecured,  // the handshake of TLS is complete
  kAsked     // the head of a request came
};
// A greeting costs its sender a key exchange, and has to go back and forth before the request.
inline constexpr int kForHandshake = 4;

// A connection that has a place.
struct Occupant {
  using Instant = std::chrono::steady_clock::time_point;

  std::uint64_t id = 0;
  boost::asio::ip::address address;  // of the client
  bool served = false;               // a request of it was answered by an endpoint
  bool idle = false;                 // it waits for another request after an answer
  Progress progress = Progress::kNone;
  // When it was accepted, greeted, sent the head of its first request, became idle, or began
  // another request after it was idle.
  Instant since;
};

struct Eviction {
  std::uint64_t id = 0;
  Occupant::Instant due;  // not evicted before
};

// Nothing when there is a place for a connection from address. waiting: the largest number of
// clients that waited at once since the queue was last empty. With the current number, patience
// would grow as the queue shrinks, and the last client would wait too long.
std::optional<Eviction> choose_eviction(const std::vector<Occupant>& occupants,
                                        const boost::asio::ip::address& address,
                                        std::size_t waiting, Occupant::Instant now,
                                        const PlaceLimits& limits);

}  // namespace serve
