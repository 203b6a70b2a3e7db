// The Manager starts, orders, drains and stops the coroutines of the program (runnables).
//
// Order
//  * Start: runnables that outlive the stop, those that always run, and, while this process leads,
//    the leader's. Within each of these groups, all `prepare` functions are awaited one after the
//    other, and then the runnables start in the order in which they were added.
//  * Stop: the leader's runnables are cancelled and awaited, and leadership is released; then those
//    that always run; then the finishing steps are awaited one after the other; then the drain time
//    passes; then the runnables that outlive the stop are cancelled and awaited.
// Guarantees
//  * When leadership is lost, the leader's runnables are cancelled and awaited. They start again
//    when leadership is regained.
//  * A runnable that throws ends all others, without finishing steps or drain time. run() waits for
//    the others and then throws the exception. A runnable that returns before it is cancelled
//    counts as one that throws std::logic_error, with its name in the message.
//  * Cancelling run() cancels all runnables at once and waits for them.
// Assumption: every runnable ends when it is cancelled (asio's cancellation, terminal).
//
// One owner, which outlives run(). Used on the thread of the io_context only.
// Source: controller-runtime/pkg/manager
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/parallel.h"
#include "async/signal.h"
#include "base/clock.h"

namespace app {

// A function that returns a coroutine to run.
using Work = std::function<boost::asio::awaitable<void>()>;

// When a runnable runs.
enum class RunPeriod {
  kAlways,        // from the start to the stop
  kWhileLeading,  // while this process leads; possibly several times
  kUntilDrained,  // from the start to the end of the drain time
};

struct Runnable {
  std::string name;  // for error messages
  RunPeriod runs = RunPeriod::kAlways;
  Work run;
  Work prepare = {};  // awaited before its group starts; may be empty
};

class Manager {
 public:
  // Runs `lead` while this process is the leader: cancels it when leadership is lost, and starts it
  // again when leadership is regained. Returns when `lead` returns without being cancelled.
  using Election = std::function<boost::asio::awaitable<void>(Work lead)>;

  // Returns what the program waits for, such as a permission; empty: nothing.
  using ReadinessCheck = std::function<std::string()>;

  // `clock` must outlive the manager.
  Manager(boost::asio::any_io_executor executor, base::Clock& clock);
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // These functions set up the manager. Call them before run().
  void add(Runnable runnable) { runnables_.push_back(std::move(runnable)); }
  void add_finish(Work step) { finish_.push_back(std::move(step)); }
  void add_check(ReadinessCheck check) { checks_.push_back(std::move(check)); }
  void set_election(Election election) { election_ = std::move(election); }  // default: always lead

  // Runs all runnables until stop() is called. Throws what a runnable threw, or
  // boost::system::system_error (operation_aborted) when it is cancelled. Call it once.
  boost::asio::awaitable<void> run();

  // Begins the stop. `drain`: how long the runnables that outlive the stop run after everything
  // else has ended. Does not wait. Further calls do nothing.
  void stop(base::Clock::Duration drain = {});

  // Returns what the program waits for: the result of the first check that is not empty, in the
  // order of add_check(). Returns nullopt when all are empty.
  std::optional<std::string> waits_for() const;

 private:
  std::vector<const Runnable*> of(RunPeriod runs) const;
  boost::asio::awaitable<void> run_group(RunPeriod runs);
  boost::asio::awaitable<void> run_one(const Runnable& runnable);
  boost::asio::awaitable<void> run_until_drained();
  boost::asio::awaitable<void> lead_until_stopped();
  boost::asio::awaitable<void> lead();
  boost::asio::awaitable<void> wait_for_stop();

  base::Clock& clock_;
  std::vector<Runnable> runnables_;
  std::vector<Work> finish_;
  std::vector<ReadinessCheck> checks_;
  Election election_;
  async::Signal stopped_;
  std::optional<base::Clock::Duration> drain_;  // set by stop()
};

}  // namespace app
