// wait_until() waits for one asynchronous operation with a deadline. It replaces
// asio::cancel_after, which Boost 1.81 does not have. It is used on the thread of the io_context
// only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace async {

// Waits for the operation until the deadline. Returns the error_code of the operation, or
// asio::error::timed_out. Throws boost::system::system_error (operation_aborted) when the awaiting
// coroutine is cancelled. The operation and the timer have ended when the function returns.
// `operation`: started with asio::deferred; it completes with an error_code.
template <class Operation>
boost::asio::awaitable<boost::system::error_code> wait_until(
    boost::asio::steady_timer& timer, boost::asio::steady_timer::time_point deadline,
    Operation operation) {
  namespace asio = boost::asio;
  timer.expires_at(deadline);
  auto both = asio::experimental::make_parallel_group(std::move(operation),
                                                      timer.async_wait(asio::deferred))
                  .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  const auto [order, operation_error, timer_error] = co_await std::move(both);
  if (order[0] == 1 && !timer_error) co_return asio::error::timed_out;
  if (operation_error == asio::error::operation_aborted) {
    throw boost::system::system_error(operation_error);
  }
  co_return operation_error;
}

}  // namespace async
