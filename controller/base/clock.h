// A Clock is the only source of time for code that waits or reads the time, so that the simulation
// can replace it by virtual time. main or a test owns the Clock and passes it by reference. It is
// used on the thread of the io_context only.
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

  // Returns the wall-clock time, for timestamps in objects. It may jump forwards and backwards.
  virtual Time wall() const = 0;

  // Returns true after the duration, or false as soon as the awaiting coroutine is cancelled.
  virtual boost::asio::awaitable<bool> try_sleep_for(Duration duration) = 0;

  // Like try_sleep_for, but throws boost::system::system_error (operation_aborted) when the
  // coroutine is cancelled.
  boost::asio::awaitable<void> sleep_for(Duration duration);
};

// A SystemClock reads the clocks of the machine.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Time wall() const override;
  boost::asio::awaitable<bool> try_sleep_for(Duration duration) override;
};

}  // namespace base
