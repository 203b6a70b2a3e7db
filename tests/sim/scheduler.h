// Scheduler decides the order in which things happen, drawn from a seed. It has an executor that
// runs ready work in any order, and a virtual clock that advances when nothing is ready.
//
// The code above the seams runs on it as on the io_context of the program, in one thread. Asio's
// own work, such as a cancelled timer, still goes through an io_context. The scheduler polls that
// until it has nothing left and only then draws, so that the order does not depend on the machine.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace sim {

// A seeded source of random choices. The same seed gives the same choices on every machine.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}

  // Returns a number from [0, count), uniformly; count is not 0.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }

  // Returns a duration from [low, high], uniformly.
  base::Clock::Duration between(base::Clock::Duration low, base::Clock::Duration high) {
    return low + base::Clock::Duration(static_cast<std::int64_t>(
                     engine_() % std::uint64_t((high - low).count() + 1)));
  }

  // Returns true with a probability of 1/count.
  bool one_in(std::size_t count) { return below(count) == 0; }

  std::uint64_t draw() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

class Scheduler {
  class Executor;
  struct Work {
    Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual ~Work() = default;
    virtual void run() = 0;
  };

 public:
  using Instant = base::Clock::Instant;
  using Duration = base::Clock::Duration;

  explicit Scheduler(std::uint64_t seed) : chance_(seed) {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // One simulated process. When all of its work is done, its event loop may pause before it polls
  // again (runtime/loop.h); what becomes ready meanwhile waits for the end of the pause.
  class Process {
   public:
    explicit Process(Scheduler& scheduler) : scheduler_(scheduler) {}
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    // Returns the length of the next pause; null: the process never pauses.
    std::function<Duration()> poll_pause;

    boost::asio::any_io_executor executor();

   private:
    friend class Scheduler;

    Scheduler& scheduler_;
    bool has_run_ = false;  // since the last poll
    bool paused_ = false;
    std::vector<std::unique_ptr<Work>> held_;  // work that became ready during the pause
  };

  // Adds a process, which lives as long as the scheduler.
  Process& add_process();

  Instant now() const { return now_; }

  // Calls `work` after `delay` of virtual time.
  void after(Duration delay, std::function<void()> work);

  // Runs all work that is ready, in an order drawn from the seed, until nothing is.
  void settle();

  // Lets virtual time pass, and runs the work that becomes due.
  void run_for(Duration duration);

  // Advances the clock to the next moment at which work is due, and runs what is ready then. If
  // none is due until `latest`, it advances the clock to `latest` and returns false.
  bool step(Instant latest);

  // The number of executed pieces of work.
  std::uint64_t steps() const { return steps_; }

 private:
  template <class Function>
  struct WorkOf final : Work {
    explicit WorkOf(Function given) : function(std::move(given)) {}
    void run() override { std::move(function)(); }
    Function function;
  };
  struct Later {
    Instant when;
    std::uint64_t number;  // order of work that is due at the same moment
    std::function<void()> work;
    bool operator<(const Later& other) const {
      return when != other.when ? when > other.when : number > other.number;
    }
  };

  void begin_pauses();
  void end_pause(Process& process);

  boost::asio::io_context context_{1};
  std::list<Process> processes_;
  std::vector<std::unique_ptr<Work>> ready_;
  std::vector<Later> later_;  // a heap whose front is the earliest
  Instant now_{};
  std::uint64_t numbers_ = 0;
  std::uint64_t steps_ = 0;
  bool running_ = false;
  Chance chance_;
};

// The clock of one machine, which can run at a wrong speed and show a wrong time of day.
class MachineClock final : public base::Clock {
 public:
  // `rate` is the speed of the clock; 1 is right. `offset` is added to the wall clock.
  explicit MachineClock(Scheduler& scheduler, double rate = 1, base::Clock::Duration offset = {})
      : scheduler_(scheduler), rate_(rate), offset_(offset) {}

  Instant now() const override;
  base::Time wall() const override;
  boost::asio::awaitable<bool> try_sleep_for(Duration duration) override;

  // Makes the wall clock jump.
  void jump(base::Clock::Duration by) { offset_ += by; }

 private:
  Scheduler& scheduler_;
  double rate_;
  base::Clock::Duration offset_;
};

}  // namespace sim
