// Cancellation of coroutines. A cancelled coroutine throws boost::system::system_error
// (operation_aborted) at its next suspension. Pure, but for the coroutines, which run on the thread
// of the io_context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <exception>

namespace async {

// Returns whether a cancelled coroutine threw this exception: operation_aborted, or asio's
// multiple_exceptions whose first is operation_aborted (operators && and ||). False for null.
bool is_cancellation(const std::exception_ptr& exception);

// Throws boost::system::system_error (operation_aborted) when the awaiting coroutine was cancelled,
// even if it turned throw_if_cancelled off.
boost::asio::awaitable<void> check_cancellation();

// Returns never. Throws boost::system::system_error (operation_aborted) when it is cancelled.
boost::asio::awaitable<void> wait_for_cancellation();

}  // namespace async
