// Chooses the connection that a server closes when a client wants to connect and the limit of
// connections is reached, in total or for the client's address. Each open connection occupies one
// slot.
//
// A connection is "served" once an endpoint has answered one of its requests. Served connections
// are closed after all others, so that an idle connection of the API server survives a flood of
// silent connections. But when more than limits.served connections are served, one of these is
// closed: the one that has been idle longest.
//
// A connection that is not idle is kept for a time, the keep time, which is shorter the more
// clients wait. Of the connections whose keep time is over, the one at the earliest RequestStage is
// closed; among equals, the one with the earliest `since`. When the client's address occupies all
// the slots that one address may have, only connections of that address are considered.
//
// choose_eviction() is pure and can be called on any thread.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/limits.h"

namespace serve {

struct ConnectionLimits {
  std::size_t connections = limits::kServeConnections;
  std::size_t per_address = limits::kServeConnectionsPerAddress;
  // Up to this number, served connections are kept in preference to others.
  std::size_t served = limits::kServeConnectionsServed;
  // The keep time when few clients wait, counted from `since`. silent_keep_time holds for
  // connections that have sent no bytes.
  std::chrono::milliseconds keep_time = limits::kServeKeepTime;
  std::chrono::milliseconds silent_keep_time = limits::kServeSilentKeepTime;
  // The longest time that a client waits while every slot is occupied by a connection that sends
  // nothing useful. During its TLS handshake, a connection may be kept kHandshakeFactor times as
  // long; when the head of its request has arrived, its keep time starts again.
  std::chrono::milliseconds wait = limits::kServeWait;
};

// What a connection has done so far for its first request.
enum class RequestStage {
  kNoBytes,      // no bytes have arrived
  kFirstBytes,   // some bytes have arrived
  kClientHello,  // a whole TLS ClientHello has arrived
  kTlsReady,     // the TLS handshake is complete
  kRequestHead   // the head of a request has arrived
};

// The factor by which the keep time of a connection is longer from its ClientHello to its request.
// A ClientHello costs the client a key exchange, and the handshake takes round trips.
inline constexpr int kHandshakeFactor = 4;

// An open connection, which occupies a slot.
struct ConnectionInfo {
  using Instant = std::chrono::steady_clock::time_point;

  std::uint64_t id = 0;
  boost::asio::ip::address address;  // of the client
  bool served = false;               // an endpoint has answered one of its requests
  bool idle = false;                 // answered, and no bytes of another request yet
  RequestStage stage = RequestStage::kNoBytes;
  // The latest of these times: the connection was accepted, sent its ClientHello, sent the head of
  // its first request, became idle, or sent the first bytes of another request after it was idle.
  Instant since;
};

struct Eviction {
  std::uint64_t id = 0;
  ConnectionInfo::Instant due;  // the connection is kept until this time
};

// Returns the connection to close for a new connection from `address`, and when to close it;
// nullopt when a slot is free. `waiting`: the largest number of clients that have waited to be
// accepted at the same time, since no client waited. It must not be the number of clients that wait
// now, because the keep time would grow as clients are accepted, and the last one would wait too
// long.
std::optional<Eviction> choose_eviction(const std::vector<ConnectionInfo>& connections,
                                        const boost::asio::ip::address& address,
                                        std::size_t waiting, ConnectionInfo::Instant now,
                                        const ConnectionLimits& limits);

}  // namespace serve
