// Loop runs coroutines for a program that does nothing else meanwhile. A Loop has one owner and is
// used on the thread that calls run().
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "cli/terminal/interrupts.h"

namespace cli {

class Loop {
 public:
  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  // Runs the coroutine until it ends. Everything that the coroutine started must have ended by
  // then. Rethrows an exception of the coroutine. SIGINT, SIGTERM or SIGHUP cancels the coroutine;
  // after the coroutine has ended, run() throws Interrupted.
  template <class T>
  T run(boost::asio::awaitable<T> coroutine) {
    std::optional<T> result;
    std::exception_ptr failure;
    boost::asio::cancellation_signal cancellation;
    const Interrupts interrupts(context_.get_executor(), [&cancellation] {
      cancellation.emit(boost::asio::cancellation_type::terminal);
    });
    boost::asio::co_spawn(context_, keep(std::move(coroutine), result),
                          boost::asio::bind_cancellation_slot(
                              cancellation.slot(), [&](const std::exception_ptr& thrown) {
                                failure = thrown;
                                context_.stop();  // idle connections have timers that still run
                              }));
    context_.restart();
    context_.run();
    if (interrupts.number() != 0) throw Interrupted(interrupts.number());
    if (failure) std::rethrow_exception(failure);
    return *std::move(result);
  }

 private:
  template <class T>
  static boost::asio::awaitable<void> keep(boost::asio::awaitable<T> coroutine,
                                           std::optional<T>& result) {
    result.emplace(co_await std::move(coroutine));
  }

  boost::asio::io_context context_{1};
};

}  // namespace cli
