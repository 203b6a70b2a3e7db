// A Backoff computes exponentially growing delays with jitter. It is a plain value, reads no clock,
// and can be used on any thread.
#pragma once

#include <chrono>

#include "base/random.h"

namespace base {

struct BackoffPolicy {
  std::chrono::milliseconds first;        // upper bound of the first delay
  std::chrono::milliseconds max;          // upper bound of every delay
  std::chrono::milliseconds reset_after;  // a failure-free time after which `first` applies again
};

// Returns `first` doubled `times` times, at most `max`; `first` for a negative number of times.
std::chrono::milliseconds doubled(std::chrono::milliseconds first, int times,
                                  std::chrono::milliseconds max);

// Computes the delays between the tries of one operation.
class Backoff {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  explicit Backoff(BackoffPolicy policy) : policy_(policy) {}

  // Returns the delay before the next try: a random time between a tenth of a bound and the bound.
  // The bound is policy.first after the first failure and doubles with each further one, up to
  // policy.max. `now`: the time of the failure.
  std::chrono::milliseconds next(Random& random, Instant now);

  // Call reset() after a success: the next bound is policy.first again.
  void reset() { failures_ = 0; }

 private:
  BackoffPolicy policy_;
  int failures_ = 0;
  Instant last_ = {};
};

}  // namespace base
