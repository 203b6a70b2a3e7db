// A Pace limits how often one key is reconciled: limits::kPaceBurst times in a row, then once every
// limits::kPaceInterval. So a client that changes one object all the time does not make the
// operator write to the API server at the same rate.
//
// A table holds for each key the time up to which its reconciles are paid for. Each reconcile moves
// this time limits::kPaceInterval ahead: from its last value, or from now if that is later. A key
// has to wait while its time is more than limits::kPaceBurst − 1 intervals in the future. It leaves
// the table when its time has passed. The table has at most limits::kPacedKeys keys; further keys
// are not delayed.
//
// A Pace reads no clock: the caller passes the time. One owner, the runner; not thread-safe.
// Source: the generic cell rate algorithm, ITU-T I.371.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>

#include "base/limits.h"

namespace runtime {

template <class Key>
class Pace {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // Returns how long the key has to wait; zero when it may be reconciled now.
  Duration wait(const Key& key, Instant now) const {
    const auto found = paid_until_.find(key);
    if (found == paid_until_.end()) return Duration::zero();
    return std::max<Duration>(found->second - now - kAhead, Duration::zero());
  }

  // Counts a reconcile of the key that starts now.
  void count(const Key& key, Instant now) {
    if (paid_until_.size() >= next_removal_) remove_expired(now);
    const auto found = paid_until_.find(key);
    if (found != paid_until_.end()) {
      found->second = std::max(found->second, now) + limits::kPaceInterval;
    } else if (paid_until_.size() < limits::kPacedKeys) {
      paid_until_.emplace(key, now + limits::kPaceInterval);
    }
  }

  std::size_t size() const { return paid_until_.size(); }

 private:
  static constexpr Duration kAhead = (limits::kPaceBurst - 1) * limits::kPaceInterval;
  static constexpr std::size_t kSweep = 64;

  // Removes the keys whose time has passed. remove_expired() runs again when the table has grown to
  // more than twice its size, so that the average cost of count() stays small.
  void remove_expired(Instant now) {
    std::erase_if(paid_until_, [now](const auto& entry) { return entry.second <= now; });
    next_removal_ = 2 * paid_until_.size() + kSweep;
  }

  // The time of each key, which is the theoretical arrival time of the algorithm (GCRA). A key is
  // delayed while its time is more than kAhead in the future.
  std::map<Key, Instant> paid_until_;
  std::size_t next_removal_ = kSweep;
};

}  // namespace runtime
