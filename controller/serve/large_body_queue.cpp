#include "serve/large_body_queue.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cmath>

#include "base/limits.h"

namespace serve {

namespace asio = boost::asio;

LargeBodyQueue::Entry::Entry(LargeBodyQueue& queue, asio::ip::address address,
                             std::function<bool()> close_if_slow)
    : queue_(queue),
      address_(std::move(address)),
      close_if_slow_(std::move(close_if_slow)),
      timer_(queue.executor_) {
  queue_.waiting_.push_back(this);
  queue_.grant();
}

LargeBodyQueue::Entry::~Entry() {
  if (queue_.holder_ == this) {
    queue_.charge(*this);
    queue_.holder_ = nullptr;
  } else {
    queue_.waiting_.remove(this);
  }
  queue_.grant();
}

asio::awaitable<bool> LargeBodyQueue::Entry::wait(Instant deadline) {
  while (queue_.holder_ != this && Instant::clock::now() < deadline) {
    const bool watches = queue_.waiting_.front() == this;
    boost::system::error_code ignored;
    timer_.expires_at(watches ? std::min(deadline, queue_.due()) : deadline);
    auto waiting = timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await std::move(waiting);
    queue_.close_holder_if_slow();
  }
  co_return queue_.holder_ == this;
}

LargeBodyQueue::Milliseconds LargeBodyQueue::Usage::left(Instant instant) const {
  return time *
         std::exp2(-(Milliseconds(instant - at) / Milliseconds(limits::kServeUsageHalfLife)));
}

// If no connection has the turn, gives it to the next waiting connection.
void LargeBodyQueue::grant() {
  if (holder_ == nullptr && !waiting_.empty()) {
    const Instant instant = Instant::clock::now();
    const auto next = std::min_element(
        waiting_.begin(), waiting_.end(), [&](const Entry* one, const Entry* other) {
          return used_time(*one, instant) < used_time(*other, instant);
        });
    holder_ = *next;
    waiting_.erase(next);
    holder_->begin_ = holder_->since_ = instant;
    holder_->credit_ = std::max(
        Milliseconds(0), Milliseconds(limits::kServeLargeCredit) - used_time(*holder_, instant));
    holder_->timer_.cancel();
  }
  wake_first();
}

// Wakes the first waiting entry, because the time at which it must close a slow holder (due()) has
// changed.
void LargeBodyQueue::wake_first() {
  if (!waiting_.empty()) waiting_.front()->timer_.cancel();
}

void LargeBodyQueue::close_holder_if_slow() {
  if (Instant::clock::now() < due()) return;
  if (holder_->close_if_slow_()) {
    holder_->closed_ = true;
    return;
  }
  holder_->since_ += Instant::clock::now() - due() + keep_time();
}

void LargeBodyQueue::charge(const Entry& entry) {
  const Instant instant = Instant::clock::now();
  usage_[entry.address_] = {used_time(entry, instant) + (instant - entry.begin_), instant};
  std::erase_if(usage_, [&](const auto& usage) {
    return usage.second.left(instant) < limits::kServeUsageForgotten;
  });
}

LargeBodyQueue::Milliseconds LargeBodyQueue::used_time(const Entry& entry, Instant instant) const {
  const auto found = usage_.find(entry.address_);
  return found == usage_.end() ? Milliseconds(0) : found->second.left(instant);
}

LargeBodyQueue::Instant::duration LargeBodyQueue::keep_time() const {
  // Up to this number of waiting connections, the keep time is the longest one.
  constexpr std::size_t kFewWaiting = 25;
  const auto waiting = static_cast<std::int64_t>(std::max(waiting_.size(), kFewWaiting));
  return Instant::duration(longest_keep_time_) * kFewWaiting / waiting;
}

// Returns the time at which the holder is closed if it is slow; Instant::max() when no open
// connection has the turn.
LargeBodyQueue::Instant LargeBodyQueue::due() const {
  if (holder_ == nullptr || holder_->closed_) return Instant::max();
  const Milliseconds earned(static_cast<double>(holder_->bytes_) / limits::kServeLargeRate);
  const Milliseconds more = earned + holder_->credit_;
  return holder_->since_ + keep_time() + std::chrono::duration_cast<Instant::duration>(more);
}

}  // namespace serve
