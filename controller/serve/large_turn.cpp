#include "serve/large_turn.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cmath>

#include "base/limits.h"

namespace serve {

namespace asio = boost::asio;

namespace {

LargeTurn::Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

LargeTurn::Claim::Claim(LargeTurn& turn, asio::ip::address address,
                        std::function<bool()> close_if_slow)
    : turn_(turn),
      address_(std::move(address)),
      close_if_slow_(std::move(close_if_slow)),
      timer_(turn.executor_) {
  turn_.waiting_.push_back(this);
  turn_.grant();
}

LargeTurn::Claim::~Claim() {
  if (turn_.holder_ == this) {
    turn_.charge(*this);
    turn_.holder_ = nullptr;
  } else {
    turn_.waiting_.remove(this);
  }
  turn_.grant();
}

asio::awaitable<bool> LargeTurn::Claim::wait(Instant deadline) {
  while (turn_.holder_ != this && now() < deadline) {
    const bool watches = turn_.waiting_.front() == this;
    boost::system::error_code ignored;
    timer_.expires_at(watches ? std::min(deadline, turn_.due()) : deadline);
    auto waiting = timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await std::move(waiting);
    turn_.close_holder_if_slow();
  }
  co_return turn_.holder_ == this;
}

LargeTurn::Milliseconds LargeTurn::Spent::left(Instant instant) const {
  return time * std::exp2(-(Milliseconds(instant - at) / Milliseconds(limits::kServeSpentHalves)));
}

// If no connection has the turn, gives it to the next waiting connection.
void LargeTurn::grant() {
  if (holder_ == nullptr && !waiting_.empty()) {
    const Instant instant = now();
    const auto next = std::min_element(waiting_.begin(), waiting_.end(),
                                       [&](const Claim* one, const Claim* other) {
                                         return spent(*one, instant) < spent(*other, instant);
                                       });
    holder_ = *next;
    waiting_.erase(next);
    holder_->begin_ = holder_->since_ = instant;
    holder_->credit_ = std::max(Milliseconds(0),
                                Milliseconds(limits::kServeLargeCredit) - spent(*holder_, instant));
    holder_->timer_.cancel();
  }
  wake_first();
}

// Wakes the first waiting connection, because the time at which the holder is due has changed.
void LargeTurn::wake_first() {
  if (!waiting_.empty()) waiting_.front()->timer_.cancel();
}

void LargeTurn::close_holder_if_slow() {
  if (now() < due()) return;
  if (holder_->close_if_slow_()) {
    holder_->closed_ = true;
    return;
  }
  holder_->since_ += now() - due() + keep_time();
}

void LargeTurn::charge(const Claim& claim) {
  const Instant instant = now();
  spent_[claim.address_] = {spent(claim, instant) + (instant - claim.begin_), instant};
  std::erase_if(spent_, [&](const auto& entry) {
    return entry.second.left(instant) < limits::kServeSpentForgotten;
  });
}

LargeTurn::Milliseconds LargeTurn::spent(const Claim& claim, Instant instant) const {
  const auto spent = spent_.find(claim.address_);
  return spent == spent_.end() ? Milliseconds(0) : spent->second.left(instant);
}

LargeTurn::Instant::duration LargeTurn::keep_time() const {
  constexpr std::size_t kFew = 25;  // up to this number, waiting connections do not shorten it
  const auto waiting = static_cast<std::int64_t>(std::max(waiting_.size(), kFew));
  return Instant::duration(longest_keep_time_) * kFew / waiting;
}

// Returns the time at which the holder is closed if it is slow; the maximum when there is no holder
// that can be closed.
LargeTurn::Instant LargeTurn::due() const {
  if (holder_ == nullptr || holder_->closed_) return Instant::max();
  const Milliseconds earned(static_cast<double>(holder_->bytes_) / limits::kServeLargeRate);
  const Milliseconds more = earned + holder_->credit_;
  return holder_->since_ + keep_time() + std::chrono::duration_cast<Instant::duration>(more);
}

}  // namespace serve
