#include "async/clock_alarm.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "base/limits.h"

namespace async {

ClockAlarm::ClockAlarm(base::Clock& clock, TaskGroup& group, std::function<void()> ring)
    : clock_(clock), group_(group), ring_(std::move(ring)) {}

void ClockAlarm::set(Instant then) {
  const bool earlier = then < next_;
  if (sleeping_ && !earlier) return;  // the alarm rings earlier, and ring_ sets the time again
  next_ = then;
  if (sleeping_) group_.cancel(task_);
}

boost::asio::awaitable<void> ClockAlarm::run() {
  while (!group_.cancelled()) {
    const base::Clock::Duration duration = std::clamp<base::Clock::Duration>(
        next_ - clock_.now(), base::Clock::Duration::zero(), limits::kMaxAlarmDelay);
    bool interrupted = false;
    sleeping_ = true;
    try {
      auto sleep = clock_.sleep_for(duration);
      co_await std::move(sleep);
    } catch (const boost::system::system_error& error) {
      if (error.code() != boost::asio::error::operation_aborted) throw;
      interrupted = true;
    }
    sleeping_ = false;
    if (group_.cancelled()) co_return;
    if (interrupted) {  // set() cancelled the sleep, but the group is not cancelled
      co_await boost::asio::this_coro::reset_cancellation_state();
      continue;
    }
    next_ = Instant::max();
    ring_();
  }
}

}  // namespace async
