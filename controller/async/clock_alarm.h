// A ClockAlarm calls a function at an instant of base::Clock, so that it also follows the clock of
// a test. The instant may change while it waits. One owner, which is the parent of the group. Used
// on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "async/task_group.h"
#include "base/clock.h"

namespace async {

class ClockAlarm {
 public:
  using Instant = base::Clock::Instant;

  // run() calls `ring` on its coroutine; `ring` calls set() with the next instant.
  ClockAlarm(base::Clock& clock, TaskGroup& group, std::function<void()> ring);
  ClockAlarm(const ClockAlarm&) = delete;
  ClockAlarm& operator=(const ClockAlarm&) = delete;

  // Rings no later than `then`, and possibly earlier.
  void set(Instant then);

  // Has to run as a child of the group. Ends when the group is cancelled.
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
