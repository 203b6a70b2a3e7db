// A ClockAlarm calls a function at an instant of a base::Clock, so that the virtual clock of a test
// triggers it, too. The instant can be changed while the alarm waits. The parent of the TaskGroup
// owns the alarm, which is used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "async/task_group.h"
#include "base/clock.h"

namespace async {

class ClockAlarm {
 public:
  using Instant = base::Clock::Instant;

  // run() calls `ring` when the instant comes. `ring` then calls set() with the next instant.
  ClockAlarm(base::Clock& clock, TaskGroup& group, std::function<void()> ring);
  ClockAlarm(const ClockAlarm&) = delete;
  ClockAlarm& operator=(const ClockAlarm&) = delete;

  // Makes the alarm ring at `then` or earlier.
  void set(Instant then);

  // Waits and rings until the group is cancelled. It must run as a child of the group.
  boost::asio::awaitable<void> run();

  void start() { task_ = group_.spawn(run()); }

 private:
  base::Clock& clock_;
  TaskGroup& group_;
  std::function<void()> ring_;
  TaskGroup::TaskId task_ = 0;
  Instant next_ = Instant::max();
  bool sleeping_ = false;
};

}  // namespace async
