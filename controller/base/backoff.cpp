#include "base/backoff.h"

#include <algorithm>

namespace base {

namespace {
constexpr int kMaxDoublings = 20;  // 2^20 times `first` exceeds every `max`; more could overflow
constexpr double kMin = 0.1;       // smallest share of the bound; it prevents a busy loop
}  // namespace

std::chrono::milliseconds doubled(std::chrono::milliseconds first, int times,
                                  std::chrono::milliseconds max) {
  return std::min<std::chrono::milliseconds>(first * (1LL << std::clamp(times, 0, kMaxDoublings)),
                                             max);
}

std::chrono::milliseconds Backoff::next(Random& random, Instant now) {
  if (failures_ > 0 && now - last_ > policy_.reset_after) failures_ = 0;
  last_ = now;
  const auto bound = doubled(policy_.first, failures_, policy_.max);
  ++failures_;
  const double share = kMin + (1.0 - kMin) * random.fraction();
  return std::chrono::milliseconds(
      static_cast<long long>(static_cast<double>(bound.count()) * share));
}

}  // namespace base
