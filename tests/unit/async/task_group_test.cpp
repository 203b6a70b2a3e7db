#include "async/task_group.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "async/cancellation.h"
#include "support/coroutine_test.h"

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using async::TaskGroup;
using support::pause;

struct World {
  asio::io_context context;
  asio::cancellation_signal stop;
  std::vector<std::string> log;
  std::exception_ptr outcome;
  bool ended = false;

  void start(asio::awaitable<void> parent) {
    asio::co_spawn(context, std::move(parent),
                   asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr exception) {
                     outcome = exception;
                     ended = true;
                   }));
  }
  std::string message() const { return support::message_of(outcome); }
};

asio::awaitable<void> wait_and_log(World* world, std::chrono::milliseconds duration,
                                   std::string text) {
  auto waiting = pause(duration);
  co_await std::move(waiting);
  world->log.push_back(std::move(text));
}

asio::awaitable<void> wait_and_fail(std::chrono::milliseconds duration, std::string text) {
  auto waiting = pause(duration);
  co_await std::move(waiting);
  throw std::runtime_error(text);
}

// Logs `text` whenever it ends. After a cancellation its cleanup takes 20 ms.
asio::awaitable<void> wait_and_clean_up(World* world, std::string text) {
  std::exception_ptr stopped;
  try {
    auto waiting = pause(1h);
    co_await std::move(waiting);
  } catch (...) {
    stopped = std::current_exception();
  }
  co_await asio::this_coro::reset_cancellation_state();
  auto cleaning = pause(20ms);
  co_await std::move(cleaning);
  world->log.push_back(std::move(text));
  if (stopped) std::rethrow_exception(stopped);
}

asio::awaitable<void> join_all(World* world, TaskGroup* group) {
  auto children = group->join();
  co_await std::move(children);
  world->log.emplace_back("joined");
}

asio::awaitable<void> two_pauses_at_once() {
  using namespace asio::experimental::awaitable_operators;
  auto both = pause(1h) && pause(1h);
  co_await std::move(both);
}

asio::awaitable<void> join_after_cancellation(World* world, TaskGroup* group) {
  try {
    auto waiting = pause(1h);
    co_await std::move(waiting);
  } catch (const boost::system::system_error&) {
    world->log.emplace_back("cancelled");
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  auto children = group->join();
  co_await std::move(children);
}

asio::awaitable<void> cancel_own_group(TaskGroup* group) {
  group->cancel();
  auto waiting = pause(1h);
  co_await std::move(waiting);
}

asio::awaitable<void> spawn_another(World* world, TaskGroup* group) {
  group->spawn(wait_and_log(world, 1ms, "grandchild"));
  co_return;
}

asio::awaitable<void> nothing() { co_return; }

asio::awaitable<void> fail_at_once() {
  throw std::runtime_error("at once");
  co_return;
}

TEST(TaskGroup, JoinReturnsWhenEveryChildHasEnded) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(wait_and_log(&world, 20ms, "slow"));
  group.spawn(wait_and_log(&world, 1ms, "fast"));
  world.start(join_all(&world, &group));
  world.context.run();
  EXPECT_EQ(world.log, (std::vector<std::string>{"fast", "slow", "joined"}));
  EXPECT_FALSE(world.outcome);
  EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, AGroupWithoutChildrenIsJoinedAtOnce) {
  World world;
  TaskGroup group(world.context.get_executor());
  world.start(join_all(&world, &group));
  world.context.run();
  EXPECT_EQ(world.log, std::vector<std::string>{"joined"});
}

TEST(TaskGroup, TheFirstFailureCancelsTheOthersAndIsThrownByJoin) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(wait_and_clean_up(&world, "cleaned up"));
  group.spawn(wait_and_fail(1ms, "first"));
  group.spawn(wait_and_fail(2ms, "second"));
  world.start(join_all(&world, &group));
  world.context.run();
  EXPECT_EQ(world.log, std::vector<std::string>{"cleaned up"});
  EXPECT_EQ(world.message(), "first");
  EXPECT_TRUE(group.cancelled());
}

TEST(TaskGroup, CancellingTheParentCancelsTheChildrenAndWaitsForThem) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(wait_and_clean_up(&world, "one"));
  group.spawn(wait_and_clean_up(&world, "two"));
  world.start(join_all(&world, &group));
  world.context.poll();
  world.stop.emit(asio::cancellation_type::terminal);
  EXPECT_FALSE(world.ended);
  world.context.restart();
  world.context.run();
  EXPECT_TRUE(world.ended);
  EXPECT_EQ(world.log.size(), 2U);
  EXPECT_TRUE(async::is_cancellation(world.outcome));
}

TEST(TaskGroup, JoinCalledByAParentThatIsCancelledAlreadyStillWaitsForTheChildren) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(wait_and_clean_up(&world, "cleaned up"));
  world.start(join_after_cancellation(&world, &group));
  world.context.poll();
  world.stop.emit(asio::cancellation_type::terminal);
  world.context.restart();
  world.context.run();
  EXPECT_EQ(world.log, (std::vector<std::string>{"cancelled", "cleaned up"}));
  EXPECT_TRUE(async::is_cancellation(world.outcome));
}

asio::awaitable<void> spawn_and_join(World* world) {
  co_await asio::this_coro::throw_if_cancelled(false);
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn(wait_and_clean_up(world, "one"));
  group.spawn(wait_and_clean_up(world, "two"));
  auto children = group.join();
  co_await std::move(children);
}

asio::awaitable<void> spawn_join_and_wait(World* world) {
  auto children = spawn_and_join(world);
  co_await std::move(children);
  auto waiting = pause(1h);
  co_await std::move(waiting);
}

TEST(TaskGroup, AChildThatIsCancelledBeforeItFirstRunsNeverBegins) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(wait_and_log(&world, 0ms, "never"));
  group.cancel();
  world.start(join_all(&world, &group));
  world.context.run();
  EXPECT_EQ(world.log, std::vector<std::string>{"joined"});
}

TEST(TaskGroup, AChildThatThrowsBeforeItsFirstSuspensionFailsTheGroup) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(fail_at_once());
  world.start(join_all(&world, &group));
  world.context.run();
  EXPECT_EQ(world.message(), "at once");
}

TEST(TaskGroup, AfterJoinACancelledParentThrowsAsBefore) {
  World world;
  world.start(spawn_join_and_wait(&world));
  world.context.poll();
  world.stop.emit(asio::cancellation_type::terminal);
  world.context.restart();
  world.context.run();
  EXPECT_TRUE(async::is_cancellation(world.outcome));
}

TEST(TaskGroup, AFailureGoesBeforeTheCancellationOfTheParent) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(wait_and_fail(0ms, "failed"));
  group.spawn(wait_and_clean_up(&world, "cleaned up"));
  world.start(join_all(&world, &group));
  world.context.run_for(10ms);
  world.stop.emit(asio::cancellation_type::terminal);
  world.context.restart();
  world.context.run();
  EXPECT_EQ(world.message(), "failed");
}

TEST(TaskGroup, AChildThatIsCancelledAloneDoesNotFailTheGroup) {
  World world;
  TaskGroup group(world.context.get_executor());
  const auto task = group.spawn(wait_and_log(&world, 1h, "never"));
  group.spawn(wait_and_log(&world, 5ms, "other"));
  world.start(join_all(&world, &group));
  world.context.poll();
  group.cancel(task);
  world.context.restart();
  world.context.run();
  EXPECT_EQ(world.log, (std::vector<std::string>{"other", "joined"}));
  EXPECT_FALSE(group.cancelled());
}

TEST(TaskGroup, ACancelledPairOfOperationsCountsAsCancelled) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(two_pauses_at_once());
  world.start(join_all(&world, &group));
  world.context.poll();
  group.cancel();
  world.context.restart();
  world.context.run();
  EXPECT_TRUE(world.ended);
  EXPECT_FALSE(world.outcome);
}

TEST(TaskGroup, NothingIsStartedOnceItIsCancelled) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.cancel();
  group.spawn(wait_and_log(&world, 0ms, "never"));
  EXPECT_EQ(group.size(), 0U);
  world.start(join_all(&world, &group));
  world.context.run();
  EXPECT_EQ(world.log, std::vector<std::string>{"joined"});
}

TEST(TaskGroup, AChildMayStartAnother) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(spawn_another(&world, &group));
  world.start(join_all(&world, &group));
  world.context.run();
  EXPECT_EQ(world.log, (std::vector<std::string>{"grandchild", "joined"}));
}

TEST(TaskGroup, AChildMayCancelItsOwnGroup) {
  World world;
  TaskGroup group(world.context.get_executor());
  group.spawn(wait_and_clean_up(&world, "cleaned up"));
  group.spawn(cancel_own_group(&group));
  world.start(join_all(&world, &group));
  world.context.run();
  EXPECT_EQ(world.log, (std::vector<std::string>{"cleaned up", "joined"}));
  EXPECT_FALSE(world.outcome);
}

TEST(TaskGroup, ChildrenThatEndAtOnceLeaveNothingBehind) {
  World world;
  TaskGroup group(world.context.get_executor());
  for (int i = 0; i < 10'000; ++i) {
    group.spawn(nothing());
    world.context.restart();
    world.context.poll();
  }
  EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, OneFailureAmongAThousandChildrenEndsThemAll) {
  World world;
  TaskGroup group(world.context.get_executor());
  for (int i = 0; i < 1'000; ++i) group.spawn(pause(1h));
  group.spawn(wait_and_fail(1ms, "one"));
  world.start(join_all(&world, &group));
  world.context.run();
  EXPECT_EQ(world.message(), "one");
  EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroupDeathTest, DestroyingAGroupThatHasChildrenIsABug) {
#ifdef NDEBUG
  GTEST_SKIP() << "assert is off in this build";
#else
  EXPECT_DEATH(
      {
        asio::io_context context;
        TaskGroup group(context.get_executor());
        group.spawn(pause(1h));
      },
      "before join");
#endif
}

TEST(Cancellation, IsDistinguishedFromEveryOtherException) {
  const auto aborted = std::make_exception_ptr(
      boost::system::system_error(asio::error::make_error_code(asio::error::operation_aborted)));
  const auto refused = std::make_exception_ptr(
      boost::system::system_error(asio::error::make_error_code(asio::error::connection_refused)));
  EXPECT_TRUE(async::is_cancellation(aborted));
  EXPECT_FALSE(async::is_cancellation(refused));
  EXPECT_FALSE(async::is_cancellation(std::make_exception_ptr(std::logic_error("bug"))));
  EXPECT_FALSE(async::is_cancellation(std::make_exception_ptr(7)));
  EXPECT_FALSE(async::is_cancellation(nullptr));
}

}  // namespace
