// Chooses the connection that a server closes when a client wants to connect and the limit of
// connections is reached, in total or for the client's address. Each open connection occupies one
// slot.
//
// A connection that has had an answer is "served". Served connections are worth more than others,
// so that a kept connection of the API server survives a flood of silent connections. But when more
// than limits.served connections are served, the served connection that has been idle longest is
// closed.
//
// Every other connection is kept for a time, which is shorter the more clients wait. Of the
// connections whose time is over, the one at the earliest RequestStage is closed; among equals, the
// one with the earliest `since`. When the client's address occupies all the slots that one address
// may have, only connections of that address are considered.
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

struct ConnectionLimits {
  std::size_t connections = limits::kServeConnections;
  std::size_t per_address = limits::kServeConnectionsPerAddress;
  // Up to this number, served connections are kept in preference to others.
  std::size_t served = limits::kServeConnectionsServed;
  // How long a connection that is not idle is kept, from its `since`, when few clients wait.
  std::chrono::milliseconds keep_time = limits::kServeKeepTime;
  std::chrono::milliseconds silent_keep_time = limits::kServeSilentKeepTime;
  // The longest time that a client waits while every slot is occupied by a connection that sends
  // nothing useful. A connection that has sent its ClientHello is kept kHandshakeFactor times as
  // long; the head of a request starts one more period.
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
// How many times as long a connection is kept during its TLS handshake. A ClientHello costs the
// client a key exchange, and the handshake takes round trips before the request.
inline constexpr int kHandshakeFactor = 4;

// An open connection, which occupies a slot.
struct ConnectionInfo {
  using Instant = std::chrono::steady_clock::time_point;

  std::uint64_t id = 0;
  boost::asio::ip::address address;  // of the client
  bool served = false;               // an endpoint has answered one of its requests
  bool idle = false;                 // it waits for another request after an answer
  RequestStage stage = RequestStage::kNoBytes;
  // The latest of these times: the connection was accepted, sent its ClientHello, sent the head of
  // its first request, became idle, began another request after it was idle.
  Instant since;
};

struct Eviction {
  std::uint64_t id = 0;
  ConnectionInfo::Instant due;  // not evicted before this time
};

// Returns nullopt when there is a slot for a connection from `address`. `waiting`: the largest
// number of clients that waited at once since the queue was last empty. With the current number,
// the keep time would grow as the queue shrinks, and the last client would wait too long.
std::optional<Eviction> choose_eviction(const std::vector<ConnectionInfo>& connections,
                                        const boost::asio::ip::address& address,
                                        std::size_t waiting, ConnectionInfo::Instant now,
                                        const ConnectionLimits& limits);

}  // namespace serve
