// These functions run coroutines ("branches") concurrently and return when all of them have ended.
//
// The coroutine that awaits one of these functions is the parent of the branches. When one branch
// ends or fails, or when the parent is cancelled, the other branches are cancelled. The functions
// are used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <vector>

#include "base/error.h"

namespace async {

// Runs the branches until the first of them ends; then cancels the others and waits for them.
// Returns the index of the branch that ended first. Throws the exception that a branch threw, or
// operation_aborted when the parent was cancelled.
boost::asio::awaitable<std::size_t> run_until_one_ends(
    std::vector<boost::asio::awaitable<void>> branches);

// Runs the branches until all of them have ended. When one fails, cancels the others and waits for
// them. Returns the error of the branch that failed first, or success. Throws the exception that a
// branch threw, or operation_aborted when the parent was cancelled.
boost::asio::awaitable<base::Result<void>> run_until_one_fails(
    std::vector<boost::asio::awaitable<base::Result<void>>> branches);

}  // namespace async
