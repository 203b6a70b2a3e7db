// A Signal wakes all coroutines that wait for it. It has one owner and must outlive the waiting
// coroutines. It is used on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>

#include "base/clock.h"

namespace async {

class Signal {
 public:
  explicit Signal(const boost::asio::any_io_executor& executor);
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify();

  // Waits until notify() has been called after this call of wait(), even if that is before the
  // co_await. The condition that the caller waits for may still be false then, so the caller checks
  // the condition and waits again. Throws boost::system::system_error (operation_aborted) when the
  // awaiting coroutine is cancelled.
  boost::asio::awaitable<void> wait() { return wait_for_count_above(count_); }

  // Does the same as wait(), but returns after `duration` at the latest.
  boost::asio::awaitable<void> wait_for(base::Clock& clock, base::Clock::Duration duration) {
    return wait_for_count_above_for(count_, clock, duration);
  }

  // Does the same as wait(), but returns instead of throwing when the awaiting coroutine is
  // cancelled. The next co_await of that coroutine then throws, unless the coroutine has turned
  // throw_if_cancelled off.
  boost::asio::awaitable<void> wait_or_cancellation() { return wait_until_cancelled(count_); }

 private:
  boost::asio::awaitable<void> wait_until_cancelled(std::uint64_t seen);
  boost::asio::awaitable<void> wait_for_count_above(std::uint64_t seen);
  boost::asio::awaitable<void> wait_for_count_above_for(std::uint64_t seen, base::Clock& clock,
                                                        base::Clock::Duration duration);

  std::uint64_t count_ = 0;  // how often notify() was called
  // Never expires; notify() cancels it to wake the waiting coroutines.
  boost::asio::steady_timer timer_;
};

}  // namespace async
