#include "async/signal.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "async/parallel.h"

namespace async {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> sleep_until_cancelled(base::Clock& clock, base::Clock::Duration duration) {
  co_await clock.try_sleep_for(duration);
}

}  // namespace

Signal::Signal(const asio::any_io_executor& executor)
    : timer_(executor, asio::steady_timer::time_point::max()) {}

void Signal::notify() {
  ++count_;
  timer_.cancel();
}

asio::awaitable<void> Signal::wait_until_cancelled(std::uint64_t seen) {
  if (count_ != seen) co_return;
  boost::system::error_code notified;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, notified));
}

asio::awaitable<void> Signal::wait_for_count_above(std::uint64_t seen) {
  co_await wait_until_cancelled(seen);
  co_await check_cancellation();
}

// Both branches return normally when they are cancelled, because timeouts are too frequent for
// exceptions.
asio::awaitable<void> Signal::wait_for_count_above_for(std::uint64_t seen, base::Clock& clock,
                                                       base::Clock::Duration duration) {
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(wait_until_cancelled(seen));
  branches.push_back(sleep_until_cancelled(clock, duration));
  co_await run_until_one_ends(std::move(branches));
}

}  // namespace async
