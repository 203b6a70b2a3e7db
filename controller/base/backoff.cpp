#include "base/backoff.h"

#include <algorithm>

namespace base {

namespace {
constexpr int kMaxDoublings = 20;  // 2^20 times `first` exceeds every `max`; more could overflow
constexpr double kMin = 0.1;       // smallest share of the bound; it prevents a busy loop
}  // namespace

std::chrono::milliseconds Backoff::next(Random& random, Instant now) {
  if (failures_ > 0 && now - last_ > policy_.reset_after) failures_ = 0;
  last_ = now;
  const auto doubled = policy_.first * (1LL << std::min(failures_, kMaxDoublings));
  const auto bound = std::min<std::chrono::milliseconds>(doubled, policy_.max);
  ++failures_;
  const double share = kMin + (1.0 - kMin) * random.fraction();
  return std::chrono::milliseconds(
      static_cast<long long>(static_cast<double>(bound.count()) * share));
}

}  // namespace base
