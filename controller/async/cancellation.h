// This file helps with the cancellation of coroutines. A cancelled coroutine throws
// boost::system::system_error (operation_aborted) at its next suspension. is_cancellation() is pure
// and can be called on any thread; the coroutines run on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <exception>

namespace async {

// Returns whether the exception means that a coroutine was cancelled. It is then operation_aborted,
// or the multiple_exceptions of asio's operators && and || whose first exception is
// operation_aborted. Returns false for null.
bool is_cancellation(const std::exception_ptr& exception);

// Throws boost::system::system_error (operation_aborted) if the awaiting coroutine has been
// cancelled, even when that coroutine has turned throw_if_cancelled off.
boost::asio::awaitable<void> check_cancellation();

// Never returns. Throws boost::system::system_error (operation_aborted) when the awaiting coroutine
// is cancelled.
boost::asio::awaitable<void> wait_for_cancellation();

}  // namespace async
