#include "runtime/work_queue.h"

#include "base/backoff.h"
#include "base/limits.h"

namespace runtime {

std::chrono::steady_clock::duration retry_delay(int failures) {
  return base::doubled(limits::kRetryFirst, failures, limits::kMaxRetryDelay);
}

}  // namespace runtime
