// A Signal wakes all coroutines that wait for it. One owner; the Signal outlives the waits. Used on
// the thread of the io_context only.
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

  // Returns once notify() has been called after the call of wait(). notify() may have been called
  // for another reason, so the caller checks its condition and waits again. Throws
  // boost::system::system_error (operation_aborted) when the awaiting coroutine is cancelled.
  boost::asio::awaitable<void> wait() { return wait_beyond(count_); }

  // Like wait(), but returns at the latest after `duration`.
  boost::asio::awaitable<void> wait_for(base::Clock& clock, base::Clock::Duration duration) {
    return wait_beyond_for(count_, clock, duration);
  }

  // Like wait(), but also returns when the awaiting coroutine is cancelled. The next co_await of
  // that coroutine then throws, unless it has turned throw_if_cancelled off.
  boost::asio::awaitable<void> wait_or_cancellation() { return wait_until_cancelled(count_); }

 private:
  boost::asio::awaitable<void> wait_until_cancelled(std::uint64_t seen);
  boost::asio::awaitable<void> wait_beyond(std::uint64_t seen);
  boost::asio::awaitable<void> wait_beyond_for(std::uint64_t seen, base::Clock& clock,
                                               base::Clock::Duration duration);

  std::uint64_t count_ = 0;          // calls of notify()
  boost::asio::steady_timer timer_;  // never expires; notify() cancels it to wake the waits
};

}  // namespace async
