// Structured concurrency for this layer: coroutines that run side by side and end together.
//
// Whoever awaits one of these functions is the parent of what it is given: when one ends or the
// parent is cancelled the others are cancelled, and it returns only when all have ended. On one
// thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace kube {

// Runs them until the first of them ends, cancels and awaits the rest. Gives the index of the
// first. Throws what one of them threw, and operation_aborted when the parent was cancelled.
boost::asio::awaitable<std::size_t> run_until_one_ends(
    std::vector<boost::asio::awaitable<void>> branches);

// Wakes all that wait. One owner; it outlives the waits.
class Signal {
 public:
  explicit Signal(const boost::asio::any_io_executor& executor);
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify();

  // Returns once notify was called after this call, which may be for another reason: check, and
  // wait again.
  boost::asio::awaitable<void> wait() { return wait_beyond(count_); }

  // The same, but at the latest after the duration.
  boost::asio::awaitable<void> wait_for(base::Clock& clock, base::Clock::Duration duration) {
    return wait_beyond_for(count_, clock, duration);
  }

 private:
  boost::asio::awaitable<void> wait_until_cancelled(std::uint64_t seen);
  boost::asio::awaitable<void> wait_beyond(std::uint64_t seen);
  boost::asio::awaitable<void> wait_beyond_for(std::uint64_t seen, base::Clock& clock,
                                               base::Clock::Duration duration);

  std::uint64_t count_ = 0;          // of notifications
  boost::asio::steady_timer timer_;  // never expires: its cancellation is the signal
};

}  // namespace kube
