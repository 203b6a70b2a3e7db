// How often one key may be worked on: limits::kPaceBurst times in a row, then once every
// limits::kPaceInterval. So who changes one object all the time does not make the operator write to
// the API server at the same rate.
//
// Remembers a key for as long as its recent turns count, at most limits::kPacedKeys of them; any
// more are not held back. One owner, the runner; not thread-safe. Told the time by its caller.
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

  // How long the key has to wait now; zero when it may go at once.
  Duration wait(const Key& key, Instant now) const {
    const auto found = paid_until_.find(key);
    if (found == paid_until_.end()) return Duration::zero();
    const Duration over = found->second - now - kAhead;
    return over > Duration::zero() ? over : Duration::zero();
  }

  // The key goes now.
  void count(const Key& key, Instant now) {
    if (paid_until_.size() >= next_sweep_) sweep(now);
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

  // Drops what no longer counts; twice as many keys have to come before the next time.
  void sweep(Instant now) {
    std::erase_if(paid_until_, [now](const auto& entry) { return entry.second <= now; });
    next_sweep_ = 2 * paid_until_.size() + kSweep;
  }

  std::map<Key, Instant> paid_until_;  // the end of what the turns so far stand for
  std::size_t next_sweep_ = kSweep;
};

}  // namespace runtime
