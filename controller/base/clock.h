// The interface to the clock: code that waits or reads the time uses a Clock, so that the
// simulation can replace it by virtual time. One owner (main or a test), passed by reference; used
// on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "base/time.h"

namespace base {

class Clock {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  // Returns the monotonic time, for durations and deadlines.
  virtual Instant now() const = 0;

  // Returns the wall-clock time, for timestamps in objects. This time may jump.
  virtual Time wall() const = 0;

  // Returns true after the duration, and false when the awaiting coroutine is cancelled.
  virtual boost::asio::awaitable<bool> try_sleep_for(Duration duration) = 0;

  // Like try_sleep_for, but throws boost::system::system_error (operation_aborted) when the
  // coroutine is cancelled.
  boost::asio::awaitable<void> sleep_for(Duration duration);
};

// The machine's own clocks.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Time wall() const override;
  boost::asio::awaitable<bool> try_sleep_for(Duration duration) override;
};

}  // namespace base
