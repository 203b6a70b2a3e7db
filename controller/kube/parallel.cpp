#include "kube/parallel.h"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <utility>

namespace kube {
namespace asio = boost::asio;

namespace {

bool is_cancellation(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

asio::awaitable<void> throw_if_cancelled() {
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

asio::awaitable<void> sleep_until_cancelled(base::Clock& clock, base::Clock::Duration duration) {
  co_await clock.try_sleep_for(duration);
}

}  // namespace

asio::awaitable<std::size_t> run_until_one_ends(std::vector<asio::awaitable<void>> branches) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  using Operation =
      decltype(asio::co_spawn(executor, std::declval<asio::awaitable<void>>(), asio::deferred));
  std::vector<Operation> operations;
  operations.reserve(branches.size());
  for (asio::awaitable<void>& branch : branches) {
    operations.push_back(asio::co_spawn(executor, std::move(branch), asio::deferred));
  }
  auto group = asio::experimental::make_parallel_group(std::move(operations));
  auto [order, thrown] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  // An exception other than a cancellation is rethrown, even when another branch ended first.
  for (const std::exception_ptr& exception : thrown) {
    if (exception && !is_cancellation(exception)) std::rethrow_exception(exception);
  }
  co_await throw_if_cancelled();
  const std::size_t first = order.front();
  if (thrown[first]) std::rethrow_exception(thrown[first]);
  co_return first;
}

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

asio::awaitable<void> Signal::wait_beyond(std::uint64_t seen) {
  co_await wait_until_cancelled(seen);
  co_await throw_if_cancelled();
}

// The branch that ends second returns normally: timeouts are too frequent for exceptions.
asio::awaitable<void> Signal::wait_beyond_for(std::uint64_t seen, base::Clock& clock,
                                              base::Clock::Duration duration) {
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(wait_until_cancelled(seen));
  branches.push_back(sleep_until_cancelled(clock, duration));
  co_await run_until_one_ends(std::move(branches));
}

}  // namespace kube
