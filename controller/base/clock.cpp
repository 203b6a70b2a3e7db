#include "base/clock.h"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace base {

boost::asio::awaitable<void> Clock::sleep_for(Duration duration) {
  auto sleeping = try_sleep_for(duration);
  const bool slept = co_await std::move(sleeping);
  if (!slept) throw boost::system::system_error(boost::asio::error::operation_aborted);
}

Clock::Instant SystemClock::now() const { return std::chrono::steady_clock::now(); }

Time SystemClock::wall() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

boost::asio::awaitable<bool> SystemClock::try_sleep_for(Duration duration) {
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, duration);
  boost::system::error_code cancelled;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
  co_return !cancelled;
}

}  // namespace base
