// Runs coroutines for a program that has nothing else to do. One owner, on the thread that calls
// run().
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace cli {

class Loop {
 public:
  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  // Runs it to its end, which everything that it started has to have come to as well. Throws what
  // it throws.
  template <class T>
  T run(boost::asio::awaitable<T> coroutine) {
    std::optional<T> result;
    std::exception_ptr failure;
    boost::asio::co_spawn(context_, keep(std::move(coroutine), result),
                          [&](const std::exception_ptr& thrown) {
                            failure = thrown;
                            context_.stop();  // idle connections have timers of their own
                          });
    context_.restart();
    context_.run();
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
