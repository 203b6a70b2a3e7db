// CoroutineTest is a fixture for coroutines: its io_context runs until one of them is done. One
// thread.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <string>

namespace support {

namespace asio = boost::asio;

// Waits for that time.
inline asio::awaitable<void> pause(std::chrono::milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  auto waiting = timer.async_wait(asio::use_awaitable);
  co_await std::move(waiting);
}

// Returns the message of the exception; empty when there is none.
inline std::string message_of(const std::exception_ptr& thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    return exception.what();
  }
  return "";
}

// Started holds the outcome of a coroutine that may be cancelled.
template <class T>
struct Started {
  asio::cancellation_signal cancel;
  std::optional<T> value;
  std::exception_ptr failure;
  bool done = false;
};

class CoroutineTest : public testing::Test {
 protected:
  template <class T>
  void start(asio::awaitable<T> work, Started<T>& started) {
    asio::co_spawn(io_, std::move(work),
                   asio::bind_cancellation_slot(started.cancel.slot(),
                                                [&started](std::exception_ptr failure, T value) {
                                                  started.done = true;
                                                  started.failure = failure;
                                                  if (!failure)
                                                    started.value.emplace(std::move(value));
                                                }));
  }

  template <class T>
  void finish(Started<T>& started) {
    io_.restart();
    while (!started.done) io_.run_one();
  }

  template <class T>
  T run(asio::awaitable<T> work) {
    Started<T> started;
    start(std::move(work), started);
    finish(started);
    if (started.failure) std::rethrow_exception(started.failure);
    return std::move(*started.value);
  }

  void run_for(std::chrono::milliseconds duration) {
    io_.restart();
    io_.run_for(duration);
  }

  // Returns "cancelled", the text of the exception, or "" without one.
  static std::string failure_of(const std::exception_ptr& failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      return error.code() == asio::error::operation_aborted ? "cancelled" : error.what();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }

  asio::io_context io_{1};
};

}  // namespace support
