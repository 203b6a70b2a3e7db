// Structured concurrency for this layer: coroutines that run concurrently and end together.
//
// The coroutine that awaits run_until_one_ends() is the parent of the branches. When one branch
// ends, or the parent is cancelled, the other branches are cancelled, and the function returns only
// after all of them have ended. Used on one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace kube {

// Runs the branches until the first of them ends, then cancels and awaits the others. Returns the
// index of the first. Throws what a branch threw; operation_aborted: the parent was cancelled.
boost::asio::awaitable<std::size_t> run_until_one_ends(
    std::vector<boost::asio::awaitable<void>> branches);

// A Signal wakes all coroutines that wait for it. One owner; the Signal outlives the waits.
class Signal {
 public:
  explicit Signal(const boost::asio::any_io_executor& executor);
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify();

  // Returns once notify() has been called after the call of wait(). notify() may have been called
  // for another reason, so the caller checks its condition and waits again.
  boost::asio::awaitable<void> wait() { return wait_beyond(count_); }

  // Like wait(), but returns at the latest after `duration`.
  boost::asio::awaitable<void> wait_for(base::Clock& clock, base::Clock::Duration duration) {
    return wait_beyond_for(count_, clock, duration);
  }

 private:
  boost::asio::awaitable<void> wait_until_cancelled(std::uint64_t seen);
  boost::asio::awaitable<void> wait_beyond(std::uint64_t seen);
  boost::asio::awaitable<void> wait_beyond_for(std::uint64_t seen, base::Clock& clock,
                                               base::Clock::Duration duration);

  std::uint64_t count_ = 0;          // calls of notify()
  boost::asio::steady_timer timer_;  // never expires; notify() cancels it to wake the waits
};

}  // namespace kube
