#include "async/parallel.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "support/coroutine_test.h"

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using support::pause;
using Outcome = base::Result<void>;

struct World {
  asio::io_context context;
  asio::cancellation_signal stop;
  std::vector<std::string> log;
  std::exception_ptr thrown;
  std::size_t first = 99;
  Outcome outcome = base::Error{base::ErrorCode::kInternal, "not run"};

  void run(asio::awaitable<void> parent) {
    asio::co_spawn(context, std::move(parent),
                   asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr exception) {
                     thrown = std::move(exception);
                   }));
    context.run();
  }
  std::string message() const { return support::message_of(thrown); }
};

struct LogsItsEnd {
  World& world;
  std::string name;

  ~LogsItsEnd() { world.log.push_back(name); }
};

asio::awaitable<void> branch(World* world, std::string name, std::chrono::milliseconds duration) {
  const LogsItsEnd at_end{*world, std::move(name)};
  auto waiting = pause(duration);
  co_await std::move(waiting);
}

asio::awaitable<void> throwing_branch() {
  auto waiting = pause(1ms);
  co_await std::move(waiting);
  throw std::runtime_error("a bug");
}

asio::awaitable<Outcome> step(World* world, std::string name, std::chrono::milliseconds duration,
                              std::string failure) {
  auto waiting = branch(world, std::move(name), duration);
  co_await std::move(waiting);
  if (!failure.empty()) co_return base::Error{base::ErrorCode::kNetwork, failure};
  co_return Outcome();
}

asio::awaitable<Outcome> throwing_step() {
  auto waiting = throwing_branch();
  co_await std::move(waiting);
  co_return Outcome();
}

asio::awaitable<void> until_one_ends(World* world, std::vector<asio::awaitable<void>> branches) {
  auto running = async::run_until_one_ends(std::move(branches));
  world->first = co_await std::move(running);
}

asio::awaitable<void> until_one_fails(World* world, std::vector<asio::awaitable<Outcome>> steps) {
  auto running = async::run_until_one_fails(std::move(steps));
  world->outcome = co_await std::move(running);
}

asio::awaitable<void> stop_soon(World* world) {
  auto waiting = pause(1ms);
  co_await std::move(waiting);
  world->stop.emit(asio::cancellation_type::terminal);
}

TEST(RunUntilOneEnds, CancelsAndAwaitsTheOtherBranches) {
  World world;
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(branch(&world, "long", 1h));
  branches.push_back(branch(&world, "short", 1ms));
  world.run(until_one_ends(&world, std::move(branches)));
  EXPECT_EQ(world.first, 1U);
  EXPECT_EQ(world.log, (std::vector<std::string>{"short", "long"}));
}

TEST(RunUntilOneEnds, ThrowsTheExceptionOfABranch) {
  World world;
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(branch(&world, "long", 1h));
  branches.push_back(throwing_branch());
  world.run(until_one_ends(&world, std::move(branches)));
  EXPECT_EQ(world.message(), "a bug");
  EXPECT_EQ(world.log, std::vector<std::string>{"long"});
}

TEST(RunUntilOneEnds, ACancelledParentEndsAllBranchesAndThrows) {
  World world;
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(branch(&world, "long", 1h));
  branches.push_back(async::wait_for_cancellation());
  asio::co_spawn(world.context, stop_soon(&world), asio::detached);
  world.run(until_one_ends(&world, std::move(branches)));
  EXPECT_TRUE(async::is_cancellation(world.thrown));
  EXPECT_EQ(world.log, std::vector<std::string>{"long"});
}

TEST(RunUntilOneFails, WaitsForAllThatSucceed) {
  World world;
  std::vector<asio::awaitable<Outcome>> steps;
  steps.push_back(step(&world, "second", 5ms, ""));
  steps.push_back(step(&world, "first", 1ms, ""));
  world.run(until_one_fails(&world, std::move(steps)));
  EXPECT_TRUE(world.outcome);
  EXPECT_EQ(world.log, (std::vector<std::string>{"first", "second"}));
}

TEST(RunUntilOneFails, ReturnsTheFirstErrorAndCancelsTheOthers) {
  World world;
  std::vector<asio::awaitable<Outcome>> steps;
  steps.push_back(step(&world, "long", 1h, "never"));
  steps.push_back(step(&world, "short", 1ms, "reset"));
  world.run(until_one_fails(&world, std::move(steps)));
  EXPECT_EQ(world.outcome.error().message, "reset");
  EXPECT_EQ(world.log, (std::vector<std::string>{"short", "long"}));
}

TEST(RunUntilOneFails, ThrowsTheExceptionOfABranch) {
  World world;
  std::vector<asio::awaitable<Outcome>> steps;
  steps.push_back(step(&world, "long", 1h, ""));
  steps.push_back(throwing_step());
  world.run(until_one_fails(&world, std::move(steps)));
  EXPECT_EQ(world.message(), "a bug");
}

TEST(RunUntilOneFails, ACancelledParentEndsAllBranchesAndThrows) {
  World world;
  std::vector<asio::awaitable<Outcome>> steps;
  steps.push_back(step(&world, "long", 1h, ""));
  asio::co_spawn(world.context, stop_soon(&world), asio::detached);
  world.run(until_one_fails(&world, std::move(steps)));
  EXPECT_TRUE(async::is_cancellation(world.thrown));
  EXPECT_EQ(world.log, std::vector<std::string>{"long"});
}

}  // namespace
