// Coroutines that run concurrently and end together.
//
// The coroutine that awaits one of these functions is the parent of the branches. When one branch
// ends or fails, or the parent is cancelled, the other branches are cancelled, and the function
// returns only after all of them have ended. Used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <vector>

#include "base/error.h"

namespace async {

// Runs the branches until the first of them ends, then cancels and awaits the others. Returns the
// index of the first. Throws what a branch threw; operation_aborted: the parent was cancelled.
boost::asio::awaitable<std::size_t> run_until_one_ends(
    std::vector<boost::asio::awaitable<void>> branches);

// Runs the branches until all of them have ended; when one fails, cancels and awaits the others.
// Returns the error of the first that failed. Throws what a branch threw; operation_aborted: the
// parent was cancelled.
boost::asio::awaitable<base::Result<void>> run_until_one_fails(
    std::vector<boost::asio::awaitable<base::Result<void>>> branches);

}  // namespace async
