// VirtualClock lets tests run without waiting. World runs what is ready and moves the clock to the
// next end of a sleep. Owned by one test; one thread.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace support {

class VirtualClock final : public base::Clock {
 public:
  Instant now() const override { return now_; }

  base::Time wall() const override {
    return base::Time(std::chrono::seconds(kWallStart)) +
           std::chrono::duration_cast<std::chrono::microseconds>(now_ - Instant()) + wall_skew;
  }

  boost::asio::awaitable<bool> try_sleep_for(Duration duration) override {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, boost::asio::steady_timer::time_point::max());
    const auto entry = sleepers_.emplace(now_ + duration, &timer);
    boost::system::error_code woken;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
    sleepers_.erase(entry);
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    co_return state.cancelled() == boost::asio::cancellation_type::none;
  }

  // Moves the clock to the next end of a sleep and wakes its sleepers. Returns false if there is
  // none until `latest`; the clock then stands at `latest`.
  bool advance(Instant latest) {
    const auto next = sleepers_.begin();
    if (next == sleepers_.end() || next->first > latest) {
      now_ = latest;
      return false;
    }
    now_ = std::max(now_, next->first);
    for (auto it = next; it != sleepers_.end() && it->first <= now_; ++it) it->second->cancel();
    return true;
  }

  std::chrono::microseconds wall_skew{};  // simulates a wall clock that jumps

 private:
  static constexpr long kWallStart = 1'800'000'000;  // seconds since the epoch

  Instant now_ = {};
  std::multimap<Instant, boost::asio::steady_timer*> sleepers_;
};

// Running is a coroutine that a test started. It can be cancelled, and it keeps its result.
class Running {
 public:
  void cancel() { signal_.emit(boost::asio::cancellation_type::terminal); }
  bool done() const { return done_; }

  // Returns the exception that it threw; null if it threw none.
  const std::exception_ptr& thrown() const { return thrown_; }

 private:
  friend class World;

  boost::asio::cancellation_signal signal_;
  bool done_ = false;
  std::exception_ptr thrown_;
};

class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  ~World() { stop(); }

  // Cancels and awaits the running coroutines. To be called while the objects that they use still
  // exist.
  void stop() {
    for (const std::unique_ptr<Running>& one : running_) one->cancel();
    settle();
  }

  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  Running& start(boost::asio::awaitable<void> coroutine) {
    running_.push_back(std::make_unique<Running>());
    Running* one = running_.back().get();
    boost::asio::co_spawn(context_, std::move(coroutine),
                          boost::asio::bind_cancellation_slot(
                              one->signal_.slot(), [one](const std::exception_ptr& thrown) {
                                one->done_ = true;
                                one->thrown_ = thrown;
                              }));
    return *one;
  }

  // Runs what is ready; time stands still.
  void settle() {
    context_.restart();
    context_.poll();
  }

  void run_for(base::Clock::Duration duration) {
    const base::Clock::Instant end = clock.now() + duration;
    settle();
    while (clock.advance(end)) settle();
    settle();
  }

  // Starts a coroutine and returns its result. Runs for at most an hour of virtual time; rethrows
  // its exception.
  template <class T>
  T result_of(boost::asio::awaitable<T> coroutine) {
    std::optional<T> result;
    const Running& one = start(keep(std::move(coroutine), result));
    const base::Clock::Instant latest = clock.now() + std::chrono::hours(1);
    settle();
    while (!one.done() && clock.advance(latest)) settle();
    if (one.thrown()) std::rethrow_exception(one.thrown());
    return *std::move(result);
  }

  VirtualClock clock;

 private:
  template <class T>
  static boost::asio::awaitable<void> keep(boost::asio::awaitable<T> coroutine,
                                           std::optional<T>& result) {
    result.emplace(co_await std::move(coroutine));
  }

  boost::asio::io_context context_;
  std::vector<std::unique_ptr<Running>> running_;
};

}  // namespace support
