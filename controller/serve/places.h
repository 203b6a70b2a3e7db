// Chooses the connection that a server closes when it has no place for a new one.
//
// A connection that has had an answer ("served") is worth more than one that has not, so that a
// kept connection of the API server survives a flood of silent ones. Served connections are not
// kept without limit: when they have more places than limits.served, the one that has been idle
// longest is closed.
//
// Every other connection is kept for a time that gets shorter the more clients wait. Of those whose
// time is over, the one at the earliest RequestStage is closed; among equals, the one with the
// earliest `since`. When the client's address has all the places that one address may have, a
// connection of that address is closed.
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
  // Up to this number, served connections are kept rather than others.
  std::size_t served = limits::kServeConnectionsServed;
  // How long a connection that is not idle is kept, from its `since`, when few clients wait.
  std::chrono::milliseconds keep_time = limits::kServeKeepTime;
  std::chrono::milliseconds silent_keep_time = limits::kServeSilentKeepTime;
  // The longest time that a client waits for places whose connections send nothing useful. A
  // connection that has sent its TLS greeting is kept kHandshakeFactor times as long; the head of a
  // request starts one more period.
  std::chrono::milliseconds wait = limits::kServeWait;
};

// What a connection has done so far for its first request.
enum class RequestStage {
  kNoBytes,      // no bytes came
  kFirstBytes,   // some bytes came
  kClientHello,  // a whole TLS ClientHello came
  kTlsReady,     // the TLS handshake is complete
  kRequestHead   // the head of a request came
};
// How many times as long a connection is kept during its TLS handshake. A ClientHello costs the
// client a key exchange, and the handshake takes round trips before the request.
inline constexpr int kHandshakeFactor = 4;

// A connection that has a place.
struct ConnectionInfo {
  using Instant = std::chrono::steady_clock::time_point;

  std::uint64_t id = 0;
  boost::asio::ip::address address;  // of the client
  bool served = false;               // an endpoint has answered one of its requests
  bool idle = false;                 // it waits for another request after an answer
  RequestStage stage = RequestStage::kNoBytes;
  // The latest of these times: it was accepted, sent its TLS greeting, sent the head of its first
  // request, became idle, began another request after it was idle.
  Instant since;
};

struct Eviction {
  std::uint64_t id = 0;
  ConnectionInfo::Instant due;  // not evicted before this time
};

// Returns nullopt when there is a place for a connection from `address`. `waiting`: the largest
// number of clients that waited at once since the queue was last empty. With the current number,
// that time would grow as the queue shrinks, and the last client would wait too long.
std::optional<Eviction> choose_eviction(const std::vector<ConnectionInfo>& connections,
                                        const boost::asio::ip::address& address,
                                        std::size_t waiting, ConnectionInfo::Instant now,
                                        const ConnectionLimits& limits);

}  // namespace serve
