#include "runtime/work_queue.h"

#include "base/limits.h"

namespace runtime {

std::chrono::steady_clock::duration retry_delay(int failures) {
  constexpr int kMaxDoublings = 20;  // 2^20 is enough to reach kMaxRetryDelay; more may overflow
  const auto doubled = limits::kRetryFirst * (1LL << std::clamp(failures, 0, kMaxDoublings));
  return std::min<std::chrono::steady_clock::duration>(doubled, limits::kMaxRetryDelay);
}

}  // namespace runtime
