// Exponential backoff with full jitter. A value with no clock of its own; any thread.
#pragma once

#include <chrono>

#include "base/random.h"

namespace base {

struct BackoffPolicy {
  std::chrono::milliseconds first;        // upper bound of the first delay
  std::chrono::milliseconds most;         // upper bound of every delay
  std::chrono::milliseconds reset_after;  // a quiet time after which the count starts anew
};

// Delays for one thing that is tried again and again.
class Backoff {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  explicit Backoff(BackoffPolicy policy) : policy_(policy) {}

  // The delay before the next try: uniform between a tenth of the bound and the bound, which
  // doubles with every call. now is the time of the failure.
  std::chrono::milliseconds next(Random& random, Instant now);

  // After a success that is known to be one.
  void reset() { failures_ = 0; }

 private:
  BackoffPolicy policy_;
  int failures_ = 0;
  Instant last_ = {};
};

}  // namespace base
