#include "runtime/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

#include "async/cancellation.h"
#include "unit/runtime/manual_clock.h"

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using runtime::ReconcileResult;
using runtime::Requeue;
using Runner = runtime::Runner<std::string>;

// Counts keeps what the runner reported.
struct Counts final : runtime::RunnerObserver {
  void set_max_concurrent_reconciles(std::size_t workers) override { most_workers = workers; }
  void set_active_workers(std::size_t workers) override { active_workers = workers; }
  void key_taken(Duration) override { ++taken; }
  void key_done(Duration) override { ++done; }
  void reconciled(runtime::ReconcileOutcome outcome, Duration) override { ++outcomes[outcome]; }
  void reconcile_panicked() override { ++panics; }
  void reconcile_timed_out() override { ++timeouts; }

  std::size_t most_workers = 0;
  std::size_t active_workers = 0;
  int taken = 0;
  int done = 0;
  std::map<runtime::ReconcileOutcome, int> outcomes;
  int panics = 0;
  int timeouts = 0;
};

// World has a Runner on a ManualClock, and controls what its reconciles do.
class World {
 public:
  explicit World(std::size_t workers = 2, bool talks = false)
      : logger(talks ? base::Logger(base::LogLevel::kDebug, base::LogFormat::kText)
                     : base::Logger::silent()),
        runner(
            context.get_executor(), {workers, 2min},
            [this](std::string key) { return reconcile(this, std::move(key)); }, clock, logger,
            counts) {}

  // Cancels everything in flight, as the parent coroutine would.
  ~World() { stop(); }

  void start() {
    asio::co_spawn(
        context, runner.run(),
        asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr exception) {
          outcome = exception;
          ended = true;
        }));
    started = true;
    clock.run();
  }

  void stop() {
    if (!started || ended) return;
    signal.emit(asio::cancellation_type::terminal);
    clock.run();
  }

  // Sets the results of the next reconciles of the key. The last result repeats.
  void script(const std::string& key, std::vector<ReconcileResult> results) {
    results_[key] = std::move(results);
  }

  asio::io_context context;
  test::ManualClock clock{context};
  base::Logger logger;
  Counts counts;
  asio::cancellation_signal signal;
  std::exception_ptr outcome;
  bool started = false;
  bool ended = false;
  std::vector<std::string> begun;
  std::vector<base::Clock::Instant> begun_at;
  std::vector<std::string> finished;
  base::Clock::Duration takes = 0s;  // duration of a reconcile
  std::set<std::string> throws;
  std::set<std::string> throws_strangely;
  std::set<std::string> throws_aborted;
  std::set<std::string> throws_when_cancelled;
  std::set<std::string> ends_well_when_cancelled;
  std::map<std::string, int> again;  // key → number of reconciles that add the key again
  std::set<std::string> in_flight;
  std::size_t most_in_flight = 0;
  bool twice_at_once = false;
  bool cancels_the_runner = false;
  Runner runner;

 private:
  static asio::awaitable<ReconcileResult> reconcile(World* world, std::string key) {
    world->begun.push_back(key);
    world->begun_at.push_back(world->clock.now());
    if (!world->in_flight.insert(key).second) world->twice_at_once = true;
    const InFlight in_flight{world, key};
    world->most_in_flight = std::max(world->most_in_flight, world->in_flight.size());
    if (world->again[key]-- > 0) world->runner.add(key);
    if (world->throws.contains(key)) throw std::runtime_error("a bug");
    if (world->throws_strangely.contains(key)) throw 7;
    if (world->throws_aborted.contains(key)) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
    if (world->cancels_the_runner) world->signal.emit(asio::cancellation_type::terminal);
    if (world->takes > 0s) {
      try {
        auto working = world->clock.sleep_for(world->takes);
        co_await std::move(working);
      } catch (const boost::system::system_error&) {
        if (world->throws_when_cancelled.contains(key)) throw std::runtime_error("another bug");
        if (!world->ends_well_when_cancelled.contains(key)) throw;
      }
    }
    world->finished.push_back(key);
    co_return world->next_result(key);
  }

  struct InFlight {
    World* world;
    std::string key;

    ~InFlight() { world->in_flight.erase(key); }
  };

  ReconcileResult next_result(const std::string& key) {
    auto& results = results_[key];
    if (results.empty()) return Requeue{};
    ReconcileResult result = results.front();
    if (results.size() > 1) results.erase(results.begin());
    return result;
  }

  std::map<std::string, std::vector<ReconcileResult>> results_;
};

using Keys = std::vector<std::string>;

base::Error unavailable() { return {base::ErrorCode::kUnavailable, "no answer"}; }

TEST(Runner, ReconcilesAKeyOnceThatWasAddedBeforeItRan) {
  World world;
  world.runner.add("a");
  world.runner.add("a");
  EXPECT_TRUE(world.begun.empty());
  world.start();
  EXPECT_EQ(world.finished, Keys{"a"});
  EXPECT_EQ(world.runner.queue().size(), 0U);
}

TEST(Runner, ReconcilesAKeyThatIsAddedWhileItIsIdle) {
  World world;
  world.start();
  world.runner.add("a");
  world.clock.run();
  world.runner.add("b");
  world.clock.run();
  EXPECT_EQ(world.finished, (Keys{"a", "b"}));
}

TEST(Runner, DoesNotReconcileWithinTheCallOfAdd) {
  World world;
  world.start();
  world.runner.add("a");
  EXPECT_TRUE(world.begun.empty());
}

TEST(Runner, ReconcilesNoMoreAtOnceThanItHasWorkers) {
  World world(3);
  world.takes = 1s;
  for (int i = 0; i < 10; ++i) world.runner.add("key" + std::to_string(i));
  world.start();
  EXPECT_EQ(world.runner.active(), 3U);
  EXPECT_EQ(world.counts.active_workers, 3U);
  EXPECT_EQ(world.runner.queue_state().depth, 7U);
  world.clock.advance(10s);
  EXPECT_EQ(world.finished.size(), 10U);
  EXPECT_EQ(world.most_in_flight, 3U);
}

TEST(Runner, AKeyThatIsAddedDuringItsReconcileIsReconciledOnceMoreAfterwards) {
  World world;
  world.takes = 1s;
  world.again["a"] = 1;
  world.start();
  world.runner.add("a");
  world.clock.run();
  world.runner.add("a");
  EXPECT_EQ(world.begun, Keys{"a"});
  world.clock.advance(10s);
  EXPECT_EQ(world.finished, (Keys{"a", "a"}));
  EXPECT_FALSE(world.twice_at_once);
}

TEST(Runner, AKeyThatIsAskedForAllTheTimeIsReconciledNoMoreOftenThanItsPace) {
  World world;
  world.start();
  for (int i = 0; i < 1000; ++i) {
    world.runner.add("busy");
    world.clock.advance(10ms);
  }
  const auto paced = static_cast<std::size_t>(10s / limits::kPaceInterval);
  EXPECT_EQ(world.begun.size(), limits::kPaceBurst + paced);
  world.runner.add("busy");
  world.clock.run();
  EXPECT_EQ(world.begun.size(), limits::kPaceBurst + paced) << "it waits";
  world.clock.advance(1h);
  EXPECT_EQ(world.begun.size(), limits::kPaceBurst + paced + 1) << "and is not lost";
  world.runner.add("other");
  world.clock.run();
  EXPECT_EQ(world.begun.back(), "other");
}

TEST(Runner, WaitsAsLongAsAReconcileAskedFor) {
  World world;
  world.script("a", {Requeue{30s}, Requeue{}});
  world.start();
  world.runner.add("a");
  world.clock.advance(30s - 1ms);
  EXPECT_EQ(world.finished, Keys{"a"});
  world.clock.advance(1ms);
  EXPECT_EQ(world.finished, (Keys{"a", "a"}));
  EXPECT_EQ(world.runner.queue().size(), 0U);
}

TEST(Runner, RetriesAnErrorAfterADelayThatDoubles) {
  World world;
  world.script("a", {unavailable()});
  world.start();
  world.runner.add("a");
  world.clock.advance(100ms);
  const auto start = world.begun_at.front();
  EXPECT_EQ(world.begun_at,
            (std::vector{start, start + 5ms, start + 15ms, start + 35ms, start + 75ms}));
}

TEST(Runner, AnOutageOfAnyLengthIsForgottenThirtySecondsAfterItsEnd) {
  World world;
  world.script("a", {unavailable()});
  world.start();
  world.runner.add("a");
  world.clock.advance(1h);
  ASSERT_GT(world.begun_at.size(), 100U);
  EXPECT_EQ(world.begun_at.back() - world.begun_at.end()[-2], limits::kRetryTransientMost);
}

TEST(Runner, AnErrorThatTimeDoesNotMendIsTriedEverMoreSeldom) {
  World world;
  world.script("a", {base::Error{base::ErrorCode::kInternal, "a bug"}});
  world.start();
  world.runner.add("a");
  world.clock.advance(2h);
  EXPECT_EQ(world.begun_at.back() - world.begun_at.end()[-2], limits::kRetryMost);
}

TEST(Runner, ASuccessEndsTheBackoff) {
  World world;
  world.script("a", {unavailable(), unavailable(), Requeue{}, unavailable(), Requeue{}});
  world.start();
  world.runner.add("a");
  world.clock.advance(1s);
  world.runner.add("a");
  world.clock.advance(1s);
  ASSERT_EQ(world.begun_at.size(), 5U);
  EXPECT_EQ(world.begun_at[4] - world.begun_at[3], 5ms);
}

TEST(Runner, AReconcileThatAsksForALaterOneEndsTheBackoffToo) {
  World world;
  world.script("a", {unavailable(), unavailable(), Requeue{1s}, unavailable(), Requeue{}});
  world.start();
  world.runner.add("a");
  world.clock.advance(10s);
  ASSERT_EQ(world.begun_at.size(), 5U);
  EXPECT_EQ(world.begun_at[4] - world.begun_at[3], 5ms);
}

TEST(Runner, ARetryWaitsAsLongAsTheServerAskedFor) {
  World world;
  base::Error error = unavailable();
  error.retry_after = 7s;
  world.script("a", {error, Requeue{}});
  world.start();
  world.runner.add("a");
  world.clock.advance(1min);
  ASSERT_EQ(world.begun_at.size(), 2U);
  EXPECT_EQ(world.begun_at[1] - world.begun_at[0], 7s);
}

TEST(Runner, AKeyThatBacksOffIsReconciledAtOnceWhenItIsAdded) {
  World world;
  base::Error error = unavailable();
  error.retry_after = 1h;
  world.script("a", {error, Requeue{}});
  world.start();
  world.runner.add("a");
  world.clock.run();
  world.runner.add("a");
  world.clock.run();
  EXPECT_EQ(world.finished.size(), 2U);
}

TEST(Runner, AnExceptionIsCaughtAndTheKeyRetried) {
  World world;
  world.throws = {"a"};
  world.throws_strangely = {"b"};
  world.start();
  world.runner.add("a");
  world.runner.add("b");
  world.runner.add("c");
  world.clock.advance(5ms);
  EXPECT_EQ(world.begun.size(), 5U);
  EXPECT_EQ(world.finished, Keys{"c"});
  EXPECT_FALSE(world.ended);
  EXPECT_EQ(world.counts.panics, 4);
}

TEST(Runner, WhatIsThrownInPlaceOfACancellationIsABug) {
  World world;
  world.takes = 1h;
  world.throws_when_cancelled = {"a"};
  world.start();
  world.runner.add("a");
  world.clock.advance(2min);
  EXPECT_EQ(world.counts.panics, 1);
  EXPECT_EQ(world.counts.timeouts, 0);
  world.clock.advance(1s);
  world.stop();
  EXPECT_EQ(world.counts.panics, 2) << "at the end too";
  EXPECT_TRUE(world.ended);
}

TEST(Runner, ACancellationThatNobodyAskedForIsABug) {
  World world;
  world.throws_aborted = {"a"};
  world.start();
  world.runner.add("a");
  world.clock.run();
  EXPECT_EQ(world.counts.panics, 1);
  EXPECT_EQ(world.counts.timeouts, 0);
}

TEST(Runner, AReconcileMayEndWellThoughItIsCancelled) {
  World world;
  world.takes = 1h;
  world.ends_well_when_cancelled = {"a"};
  world.start();
  world.runner.add("a");
  world.clock.run();
  world.stop();
  EXPECT_TRUE(world.ended);
  EXPECT_EQ(world.finished, Keys{"a"});
  EXPECT_EQ(world.runner.active(), 0U);
}

TEST(Runner, TheFirstFailureIsAWarningAndTheOthersAreForWhoDebugs) {
  testing::internal::CaptureStderr();
  World world(2, true);
  world.script("a", {unavailable()});
  world.start();
  world.runner.add("a");
  world.clock.run();
  const std::string first = testing::internal::GetCapturedStderr();
  EXPECT_THAT(first, testing::HasSubstr("reconcile failed, will be tried again"));
  EXPECT_THAT(first, testing::HasSubstr("key=a"));
  EXPECT_THAT(first, testing::HasSubstr("in=0.005s"));
  testing::internal::CaptureStderr();
  world.clock.advance(1s);
  const std::string later = testing::internal::GetCapturedStderr();
  EXPECT_THAT(later, testing::HasSubstr("reconcile failed again"));
  EXPECT_THAT(later, testing::Not(testing::HasSubstr("will be tried again")));
}

// Returns the number of warnings for a key whose reconciles end with the errors of `row`, in order.
std::size_t warnings_of(const std::vector<base::ErrorCode>& row) {
  testing::internal::CaptureStderr();
  {
    World world(2, true);
    std::vector<ReconcileResult> results;
    for (const base::ErrorCode code : row) results.emplace_back(base::Error{code, "it failed"});
    results.emplace_back(Requeue{});
    world.script("a", results);
    world.start();
    world.runner.add("a");
    world.clock.run();
    for (std::size_t i = 0; i < row.size(); ++i) world.clock.advance(1000s);
  }
  const std::string log = testing::internal::GetCapturedStderr();
  std::size_t count = 0;
  for (auto at = log.find(" warning "); at != std::string::npos;
       at = log.find(" warning ", at + 1)) {
    ++count;
  }
  return count;
}

TEST(Runner, UsersWhoEditWhatIsReconciledFillNoLog) {
  using enum base::ErrorCode;
  EXPECT_EQ(warnings_of({kConflict, kConflict, kConflict, kConflict}), 0U);
  EXPECT_EQ(warnings_of({kConflict, kConflict, kConflict, kConflict, kConflict, kConflict}), 1U);
  EXPECT_EQ(warnings_of({kConflict, kForbidden, kForbidden}), 1U) << "a conflict hides no failure";
  EXPECT_EQ(warnings_of({kForbidden, kConflict, kConflict, kConflict, kConflict}), 1U);
}

TEST(Runner, ABugIsLogged) {
  testing::internal::CaptureStderr();
  World world(2, true);
  world.throws = {"a"};
  world.start();
  world.runner.add("a");
  world.clock.run();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, testing::HasSubstr("reconcile threw an exception, which is a bug"));
  EXPECT_THAT(text, testing::HasSubstr("a bug"));
}

TEST(Runner, ItsOwnErrorsSayWhatHappened) {
  const base::Error timeout = runtime::timeout_error(2min);
  EXPECT_EQ(timeout.code, base::ErrorCode::kTimeout);
  EXPECT_EQ(timeout.message, "the reconcile did not finish within 120.000s");
  const base::Error bug = runtime::bug_error(std::make_exception_ptr(std::runtime_error("why")));
  EXPECT_EQ(bug.code, base::ErrorCode::kInternal);
  EXPECT_EQ(bug.message, "why");
  const base::Error strange = runtime::bug_error(std::make_exception_ptr(7));
  EXPECT_EQ(strange.code, base::ErrorCode::kInternal);
  EXPECT_EQ(strange.message, "something that is not a std::exception");
}

TEST(Runner, AMillisecondIsADelay) {
  using runtime::ReconcileOutcome;
  EXPECT_EQ(runtime::outcome_of(Requeue{1ms}), ReconcileOutcome::kRequeueAfter);
  EXPECT_EQ(runtime::outcome_of(Requeue{0ms}), ReconcileOutcome::kRequeue);
}

TEST(Runner, EightWorkAtOnceUnlessItIsToldOtherwise) {
  World world(runtime::RunnerOptions().workers);
  EXPECT_EQ(world.counts.most_workers, 8U);
}

TEST(Runner, AReconcileThatTakesTooLongIsCancelledAndRetried) {
  World world;
  world.takes = 1h;
  world.start();
  world.runner.add("a");
  world.clock.advance(2min - 1ms);
  EXPECT_EQ(world.in_flight.size(), 1U);
  world.takes = 0s;
  world.clock.advance(1ms);
  EXPECT_TRUE(world.in_flight.empty());
  world.clock.advance(5ms);
  EXPECT_EQ(world.finished, Keys{"a"});
  EXPECT_EQ(world.counts.timeouts, 1);
  EXPECT_EQ(world.counts.outcomes[runtime::ReconcileOutcome::kError], 1);
}

TEST(Runner, EachReconcileHasItsOwnTime) {
  World world(2);
  world.takes = 1h;
  world.start();
  world.runner.add("a");
  world.clock.advance(1min);
  world.runner.add("b");
  world.clock.advance(1min);
  EXPECT_EQ(world.in_flight, (std::set<std::string>{"b"}));
  world.stop();
}

TEST(Runner, CancelledItCancelsWhatIsInFlightAndWaitsForIt) {
  World world(2);
  world.takes = 1h;
  for (const char* key : {"a", "b", "c"}) world.runner.add(key);
  world.runner.add_after("d", 10s);
  world.start();
  EXPECT_EQ(world.in_flight.size(), 2U);
  world.stop();
  EXPECT_TRUE(world.ended);
  EXPECT_TRUE(async::is_cancellation(world.outcome));
  EXPECT_TRUE(world.in_flight.empty());
  EXPECT_EQ(world.begun, (Keys{"a", "b"}));
  EXPECT_EQ(world.counts.panics, 0) << "that is no bug";
  EXPECT_EQ(world.runner.active(), 0U);
  EXPECT_EQ(world.runner.queue().size(), 0U);
}

TEST(Runner, CancelledByItsVeryFirstReconcileItWaitsForItAllTheSame) {
  World world;
  world.takes = 1h;
  world.cancels_the_runner = true;
  world.runner.add("a");
  world.start();
  EXPECT_EQ(world.begun, Keys{"a"});
  EXPECT_TRUE(world.ended);
  EXPECT_TRUE(async::is_cancellation(world.outcome));
  EXPECT_TRUE(world.in_flight.empty());
}

TEST(Runner, AfterItsEndNothingIsTakenIn) {
  World world;
  world.start();
  world.stop();
  world.runner.add("a");
  world.runner.add_after("b", 1s);
  world.clock.advance(1min);
  EXPECT_TRUE(world.begun.empty());
  EXPECT_EQ(world.runner.queue().size(), 0U);
}

TEST(Runner, SleepsOnceAtATimeAndDoesNotPoll) {
  World world;
  world.start();
  world.clock.advance(limits::kAlarmMost * 3);
  EXPECT_EQ(world.clock.sleepers(), 1U);
  EXPECT_LE(world.clock.sleeps(), 4U);
  const auto before = world.clock.sleeps();
  for (int i = 0; i < 1000; ++i) world.runner.add("key" + std::to_string(i));
  world.clock.run();
  EXPECT_EQ(world.finished.size(), 1000U);
  EXPECT_LE(world.clock.sleeps() - before, 2U) << "a sleep is not begun anew for each key";
}

TEST(Runner, AnEarlierDelayInterruptsTheSleep) {
  World world;
  world.start();
  world.runner.add_after("late", 10min);
  world.clock.run();
  world.runner.add_after("early", 1min);
  world.clock.run();
  EXPECT_EQ(world.clock.sleepers(), 1U);
  world.clock.advance(1min);
  EXPECT_EQ(world.finished, Keys{"early"});
  world.clock.advance(9min);
  EXPECT_EQ(world.finished, (Keys{"early", "late"}));
}

TEST(Runner, HasPatienceInABurstOnlyAndASmallPartOfWhatAReconcileTakes) {
  World world;
  world.takes = 20ms;
  world.start();
  for (int i = 0; i < 200; ++i) world.runner.add(std::to_string(i));
  EXPECT_EQ(world.runner.poll_pause(), 0s) << "nothing is known of reconciles yet";
  world.clock.advance(200ms);
  EXPECT_GT(world.runner.queue().ready(), limits::kBacklog);
  EXPECT_GT(world.runner.poll_pause(), 1ms);
  EXPECT_LE(world.runner.poll_pause(), 2ms);
  world.takes = 1s;
  world.clock.advance(3s);
  EXPECT_GT(world.runner.queue().ready(), limits::kBacklog);
  EXPECT_EQ(world.runner.poll_pause(), limits::kBacklogPauseMost);
  while (world.runner.queue().ready() > limits::kBacklog) world.clock.advance(1s);
  EXPECT_EQ(world.runner.poll_pause(), 0s);
}

TEST(Runner, CountsOutcomesAsControllerRuntimeDoes) {
  World world;
  world.script("after", {Requeue{1h}});
  world.script("again", {Requeue{0ms}, Requeue{}});
  world.script("error", {unavailable(), Requeue{}});
  world.start();
  for (const char* key : {"success", "after", "again", "error"}) world.runner.add(key);
  world.clock.advance(1s);
  auto& outcomes = world.counts.outcomes;
  EXPECT_EQ(outcomes[runtime::ReconcileOutcome::kSuccess], 3);
  EXPECT_EQ(outcomes[runtime::ReconcileOutcome::kRequeueAfter], 1);
  EXPECT_EQ(outcomes[runtime::ReconcileOutcome::kRequeue], 1);
  EXPECT_EQ(outcomes[runtime::ReconcileOutcome::kError], 1);
  EXPECT_EQ(world.counts.taken, 6);
  EXPECT_EQ(world.counts.done, 6);
  EXPECT_EQ(world.runner.queue_state().retries, 2U);
  EXPECT_EQ(world.runner.queue_state().adds, 6U);
}

TEST(Runner, UnderRandomEventsEveryKeyIsReconciledAfterItsLastEventAndNeverTwiceAtOnce) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto pick = [&random](int below) {
      return std::uniform_int_distribution<int>(0, below - 1)(random);
    };
    World world(3);
    for (int key = 0; key < 6; ++key) {
      world.script(std::to_string(key),
                   {unavailable(), Requeue{}, Requeue{std::chrono::milliseconds(pick(50) + 1)},
                    unavailable(), Requeue{}});
    }
    world.start();
    std::map<std::string, base::Clock::Instant> last;
    for (int i = 0; i < 300; ++i) {
      const std::string key = std::to_string(pick(6));
      world.takes = std::chrono::milliseconds(pick(4) * 10);
      world.again[key] = pick(2);
      if (pick(2) == 0) world.runner.add(key);
      if (pick(4) == 0) world.runner.add_after(key, std::chrono::milliseconds(pick(100)));
      last[key] = world.clock.now();
      world.clock.advance(std::chrono::milliseconds(pick(20)));
    }
    for (const auto& [key, when] : last) world.runner.add(key);
    const auto asked = world.clock.now();
    world.takes = 0s;
    world.clock.advance(10min);
    std::set<std::string> reconciled;
    for (std::size_t i = 0; i < world.begun.size(); ++i) {
      if (world.begun_at[i] >= asked) reconciled.insert(world.begun[i]);
    }
    EXPECT_EQ(reconciled.size(), last.size());
    EXPECT_FALSE(world.twice_at_once);
    EXPECT_LE(world.most_in_flight, 3U);
    EXPECT_EQ(world.runner.queue().size(), 0U);
  }
}

TEST(Runner, CancelledAtAnyMomentItEnds) {
  for (int moment = 0; moment < 60; ++moment) {
    SCOPED_TRACE(moment);
    World world(2);
    world.takes = 7ms;
    world.script("a", {unavailable(), Requeue{3ms}});
    for (const char* key : {"a", "b", "c", "d"}) world.runner.add(key);
    world.start();
    world.clock.advance(std::chrono::milliseconds(moment));
    world.runner.add("a");
    world.stop();
    EXPECT_TRUE(world.ended);
    EXPECT_EQ(world.clock.sleepers(), 0U);
  }
}

TEST(Runner, WorksOnTheMachinesOwnClock) {
  asio::io_context context;
  base::SystemClock clock;
  base::Logger logger = base::Logger::silent();
  Counts counts;
  asio::cancellation_signal signal;
  int count = 0;
  struct Once {
    static asio::awaitable<ReconcileResult> reconcile(int* count, asio::cancellation_signal* signal,
                                                      asio::io_context* context) {
      if (++*count == 3) {
        asio::post(*context, [signal] { signal->emit(asio::cancellation_type::terminal); });
      }
      co_return Requeue{5ms};
    }
  };
  Runner runner(
      context.get_executor(), {},
      [&](const std::string&) { return Once::reconcile(&count, &signal, &context); }, clock, logger,
      counts);
  runner.add("a");
  asio::co_spawn(context, runner.run(),
                 asio::bind_cancellation_slot(signal.slot(), [](const std::exception_ptr&) {}));
  context.run_for(10s);
  EXPECT_EQ(count, 3);
}

}  // namespace
