// The order in which things happen, drawn from a seed: an executor whose ready work runs in any
// order, and a virtual clock that moves when nothing is ready.
//
// Everything above the seams runs on it as it does on the io_context of the program, in one thread.
// Asio's own work (a cancelled timer, say) still goes through an io_context, which is polled until
// it has nothing left before anything is drawn, so that no order depends on the machine.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace sim {

// A seeded source of choices. The same seed gives the same choices on every machine.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}

  // Uniform in [0, count); count is not 0.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }

  // Uniform in [low, high].
  base::Clock::Duration between(base::Clock::Duration low, base::Clock::Duration high) {
    return low + base::Clock::Duration(static_cast<std::int64_t>(
                     engine_() % std::uint64_t((high - low).count() + 1)));
  }

  // True one time in that many.
  bool one_in(std::size_t count) { return below(count) == 0; }

  std::uint64_t draw() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

class Scheduler {
 public:
  using Instant = base::Clock::Instant;
  using Duration = base::Clock::Duration;

  explicit Scheduler(std::uint64_t seed) : chance_(seed) {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  boost::asio::any_io_executor executor();

  Instant now() const { return now_; }

  // Runs it on the way, after that time.
  void after(Duration delay, std::function<void()> work);

  // Runs all that is ready, in an order drawn from the seed.
  void settle();

  // Lets that much time pass.
  void run_for(Duration duration);

  // Moves to the next moment at which something is due, no later than that, and runs what is ready
  // then. False: nothing is due before; the clock stops there.
  bool step(Instant latest);

  // Work that ran so far.
  std::uint64_t steps() const { return steps_; }

 private:
  class Executor;
  struct Work {
    Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual ~Work() = default;
    virtual void run() = 0;
  };
  template <class Function>
  struct WorkOf final : Work {
    explicit WorkOf(Function given) : function(std::move(given)) {}
    void run() override { std::move(function)(); }
    Function function;
  };
  struct Later {
    Instant when;
    std::uint64_t number;  // the order of what is due at the same moment
    std::function<void()> work;
    bool operator<(const Later& other) const {
      return when != other.when ? when > other.when : number > other.number;
    }
  };

  boost::asio::io_context context_{1};
  std::vector<std::unique_ptr<Work>> ready_;
  std::vector<Later> later_;  // a heap: the earliest in front
  Instant now_{};
  std::uint64_t numbers_ = 0;
  std::uint64_t steps_ = 0;
  bool running_ = false;
  Chance chance_;
};

// A clock of one machine: as fast or slow as it is, and as wrong.
class MachineClock final : public base::Clock {
 public:
  // rate: how fast it runs, 1 being right. offset: of the wall clock.
  explicit MachineClock(Scheduler& scheduler, double rate = 1, base::Clock::Duration offset = {})
      : scheduler_(scheduler), rate_(rate), offset_(offset) {}

  Instant now() const override;
  base::Time wall() const override;
  boost::asio::awaitable<bool> try_sleep_for(Duration duration) override;

  // The wall clock jumps.
  void jump(base::Clock::Duration by) { offset_ += by; }

 private:
  Scheduler& scheduler_;
  double rate_;
  base::Clock::Duration offset_;
};

}  // namespace sim
