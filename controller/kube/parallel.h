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
#include <vector>

#include "base/clock.h"

namespace kube {

// Runs them until the first of them ends, cancels and awaits the rest. Rethrows what the first
// threw, and operation_aborted when the parent was cancelled. Gives the index of the first.
boost::asio::awaitable<std::size_t> run_until_one_ends(
    std::vector<boost::asio::awaitable<void>> branches);

// Wakes all that wait. One owner; it outlives the waits.
class Signal {
 public:
  explicit Signal(const boost::asio::any_io_executor& executor);
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify();

  // Returns at the next notify, which may be for another reason: check, and wait again.
  boost::asio::awaitable<void> wait();

  // The same, but at the latest after the duration.
  boost::asio::awaitable<void> wait_for(base::Clock& clock, base::Clock::Duration duration);

 private:
  boost::asio::steady_timer timer_;  // never expires: its cancellation is the signal
};

}  // namespace kube
