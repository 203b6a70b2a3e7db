// ManualClock stands still until the test moves it. Owned by one test; on the thread of the
// io_context only.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <map>

#include "base/clock.h"

namespace test {

class ManualClock final : public base::Clock {
 public:
  explicit ManualClock(boost::asio::io_context& context) : context_(context) {}

  Instant now() const override { return now_; }
  base::Time wall() const override { return base::Time(); }

  boost::asio::awaitable<bool> try_sleep_for(Duration duration) override {
    ++sleeps_;
    const Instant until = now_ + duration;
    boost::asio::steady_timer timer(context_, boost::asio::steady_timer::time_point::max());
    const Sleeper sleeper{*this, sleepers_.emplace(until, &timer)};
    if (duration <= Duration::zero()) timer.expires_after(Duration::zero());
    boost::system::error_code ignored;
    auto waiting =
        timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    co_await std::move(waiting);
    co_return now_ >= until;
  }

  // Runs what is ready, then moves the time from one sleeper's end to the next until `duration` has
  // passed. Runs what is ready after each move.
  void advance(Duration duration) {
    const Instant end = now_ + duration;
    run();
    while (!sleepers_.empty() && sleepers_.begin()->first <= end) {
      now_ = std::max(now_, sleepers_.begin()->first);
      sleepers_.begin()->second->cancel();
      run();
    }
    now_ = end;
  }

  // Runs what is ready; time stands still.
  void run() {
    context_.restart();
    while (context_.poll() > 0) context_.restart();
  }

  std::size_t sleepers() const { return sleepers_.size(); }
  std::size_t sleeps() const { return sleeps_; }  // since the start
  Instant next() const { return sleepers_.begin()->first; }

 private:
  using Sleepers = std::multimap<Instant, boost::asio::steady_timer*>;

  struct Sleeper {
    ManualClock& clock;
    Sleepers::iterator place;

    ~Sleeper() { clock.sleepers_.erase(place); }
  };

  boost::asio::io_context& context_;
  Instant now_ = Instant() + std::chrono::hours(1);
  Sleepers sleepers_;
  std::size_t sleeps_ = 0;
};

}  // namespace test
