// Chooses the connection that a server closes when it has no place for a new one.
//
// A connection that has had an answer ("served") is worth more than one that has not, so that a
// kept connection of the API server survives a flood of silent ones. Served connections are not
// kept without limit: when they have more places than limits.served, the one that has been idle
// longest is closed.
//
// Every other connection is kept for its patience, a time that gets shorter the more clients wait.
// Of those whose patience is over, the one with the least progress is closed (see Progress); among
// equals, the one with the earliest `since`. When the client's address has all the places that one
// address may have, a connection of that address is closed.
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
  // Up to this number, served connections are kept rather than others.
  std::size_t served = limits::kServeConnectionsServed;
  // How long a connection that is not idle is kept, from its `since`, when few clients wait.
  std::chrono::milliseconds patience = limits::kServePatience;
  std::chrono::milliseconds silent_patience = limits::kServeSilentPatience;
  // The longest time that a client waits for places whose connections send nothing useful. A
  // connection that has sent its TLS greeting is kept kForHandshake times as long; the head of a
  // request starts one more period.
  std::chrono::milliseconds wait = limits::kServeWait;
};

// What a connection has done so far for its first request.
enum class Progress {
  kNone,     // no bytes came
  kSpoke,    // some bytes came
  kGreeted,  // a whole TLS ClientHello came
  kSecured,  // the TLS handshake is complete
  kAsked     // the head of a request came
};
// How many times as long a connection is kept during its TLS handshake. A ClientHello costs the
// client a key exchange, and the handshake takes round trips before the request.
inline constexpr int kForHandshake = 4;

// A connection that has a place.
struct Occupant {
  using Instant = std::chrono::steady_clock::time_point;

  std::uint64_t id = 0;
  boost::asio::ip::address address;  // of the client
  bool served = false;               // an endpoint has answered one of its requests
  bool idle = false;                 // it waits for another request after an answer
  Progress progress = Progress::kNone;
  // The latest of these times: it was accepted, sent its TLS greeting, sent the head of its first
  // request, became idle, began another request after it was idle.
  Instant since;
};

struct Eviction {
  std::uint64_t id = 0;
  Occupant::Instant due;  // not evicted before this time
};

// Returns nullopt when there is a place for a connection from `address`. `waiting`: the largest
// number of clients that waited at once since the queue was last empty. With the current number,
// patience would grow as the queue shrinks, and the last client would wait too long.
std::optional<Eviction> choose_eviction(const std::vector<Occupant>& occupants,
                                        const boost::asio::ip::address& address,
                                        std::size_t waiting, Occupant::Instant now,
                                        const PlaceLimits& limits);

}  // namespace serve
