// Exponential backoff with jitter. A value type; the caller passes the time. Any thread.
#pragma once

#include <chrono>

#include "base/random.h"

namespace base {

struct BackoffPolicy {
  std::chrono::milliseconds first;        // upper bound of the first delay
  std::chrono::milliseconds max;          // upper bound of every delay
  std::chrono::milliseconds reset_after;  // time without a failure that resets the delay
};

// Returns `first` doubled `times` times, at most `max`; `first` for a negative number of times.
std::chrono::milliseconds doubled(std::chrono::milliseconds first, int times,
                                  std::chrono::milliseconds max);

// Computes the delays between the tries of one operation.
class Backoff {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  explicit Backoff(BackoffPolicy policy) : policy_(policy) {}

  // Returns the delay before the next try: uniform between a tenth of the bound and the bound. The
  // bound starts at policy.first and doubles with every call, up to policy.max. `now`: time of the
  // failure.
  std::chrono::milliseconds next(Random& random, Instant now);

  // Call it after a confirmed success: the next bound is policy.first again.
  void reset() { failures_ = 0; }

 private:
  BackoffPolicy policy_;
  int failures_ = 0;
  Instant last_ = {};
};

}  // namespace base
