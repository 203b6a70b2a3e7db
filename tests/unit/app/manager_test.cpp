#include "app/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "support/virtual_clock.h"

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using app::Manager;
using app::RunPeriod;
using app::Work;
using testing::ElementsAre;
using testing::IsEmpty;

// What a runnable of a test does after its start.
struct Course {
  base::Clock::Duration lasts = 1000h;  // then it returns
  base::Clock::Duration stops_in{};     // how long it takes to end when it is cancelled
  std::string throws = {};              // what it throws instead of returning; empty: nothing
};

class ManagerTest : public testing::Test {
 protected:
  void TearDown() override { world.stop(); }

  // Adds a runnable that logs "+NAME" at its start and "-NAME" at its end.
  void add(const std::string& name, RunPeriod runs, Course course = {}) {
    manager.add({name, runs, [this, name, course] { return live(this, name, course); }});
  }

  // Lets the manager elect: it leads while `leads` is true.
  void elect() {
    manager.set_election([this](Work lead) { return run_election(this, std::move(lead)); });
  }

  void set_leading(bool leading) {
    leads = leading;
    changed.notify();
    world.settle();
  }

  void start() {
    running = &world.start(manager.run());
    world.settle();
  }

  void stop(base::Clock::Duration drain = {}) {
    manager.stop(drain);
    world.settle();
  }

  // Returns what run() threw; "none" if it ended without an exception.
  std::string thrown() const {
    if (!running->done()) return "it has not ended";
    if (!running->thrown()) return "none";
    try {
      std::rethrow_exception(running->thrown());
    } catch (const boost::system::system_error& error) {
      return error.code() == asio::error::operation_aborted ? "cancelled" : error.what();
    } catch (const std::exception& exception) {
      return exception.what();
    }
  }

  std::vector<std::string> taken_log() { return std::exchange(log, {}); }

  support::World world;
  Manager manager{world.executor(), world.clock};
  async::Signal changed{world.executor()};
  bool leads = false;
  std::vector<std::string> log;
  support::Running* running = nullptr;

 private:
  struct Logged {
    ManagerTest* test;
    std::string name;
    ~Logged() { test->log.push_back("-" + name); }
  };

  static asio::awaitable<void> live(ManagerTest* test, std::string name, Course course) {
    test->log.push_back("+" + name);
    const Logged logged{test, name};
    bool cancelled = false;
    try {
      auto sleep = test->world.clock.sleep_for(course.lasts);
      co_await std::move(sleep);
    } catch (const boost::system::system_error&) {
      cancelled = true;
    }
    if (cancelled) {
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      auto ending = test->world.clock.sleep_for(course.stops_in);
      if (course.stops_in > 0s) co_await std::move(ending);
      throw boost::system::system_error(asio::error::operation_aborted);
    }
    if (!course.throws.empty()) throw std::runtime_error(course.throws);
  }

  static asio::awaitable<void> wait_for_leadership(ManagerTest* test, bool wanted) {
    while (test->leads != wanted) {
      auto waiting = test->changed.wait();
      co_await std::move(waiting);
    }
  }

  // Leads while the test lets it, and logs "released" when it gives up leadership.
  static asio::awaitable<void> run_election(ManagerTest* test, Work lead) {
    struct Release {
      ManagerTest* test;
      bool is_leader = false;
      ~Release() {
        if (is_leader) test->log.push_back("released");
      }
    };
    while (true) {
      auto winning = wait_for_leadership(test, true);
      co_await std::move(winning);
      const Release release{test, true};
      std::vector<asio::awaitable<void>> branches;
      branches.push_back(lead());
      branches.push_back(wait_for_leadership(test, false));
      auto leading = async::run_until_one_ends(std::move(branches));
      co_await std::move(leading);
    }
  }
};

TEST_F(ManagerTest, StartsInTheOrderOfTheGroupsAndOfAddition) {
  add("controller", RunPeriod::kWhileLeading);
  add("caches", RunPeriod::kAlways);
  add("webhook", RunPeriod::kUntilDrained);
  add("renewal", RunPeriod::kWhileLeading);
  add("events", RunPeriod::kAlways);
  EXPECT_THAT(log, IsEmpty());
  start();
  EXPECT_THAT(log, ElementsAre("+webhook", "+caches", "+events", "+controller", "+renewal"));
  EXPECT_FALSE(running->done());
}

TEST_F(ManagerTest, PreparesAGroupBeforeItStartsAnyOfIt) {
  add("controller", RunPeriod::kWhileLeading);
  manager.add({"networks", RunPeriod::kWhileLeading,
               [this] { return world.clock.sleep_for(1000h); },
               [this] {
                 log.push_back("learn");
                 return world.clock.sleep_for(5s);
               }});
  add("caches", RunPeriod::kAlways);
  start();
  EXPECT_THAT(log, ElementsAre("+caches", "learn"));
  world.run_for(5s);
  EXPECT_THAT(log, ElementsAre("+caches", "learn", "+controller"));
}

TEST_F(ManagerTest, StopsTheLeadersWorkFirstAndThenInOrderAfterTheDrain) {
  add("webhook", RunPeriod::kUntilDrained);
  add("caches", RunPeriod::kAlways, {1000h, 1s});
  add("controller", RunPeriod::kWhileLeading, {1000h, 2s});
  manager.add_finish([this] {
    log.push_back("flush");
    return world.clock.sleep_for(3s);
  });
  elect();
  start();
  set_leading(true);
  EXPECT_THAT(taken_log(), ElementsAre("+webhook", "+caches", "+controller"));
  stop(10s);
  EXPECT_THAT(log, IsEmpty());
  world.run_for(2s);
  EXPECT_THAT(taken_log(), ElementsAre("-controller", "released"));
  world.run_for(1s);
  EXPECT_THAT(taken_log(), ElementsAre("-caches", "flush"));
  world.run_for(3s + 10s - 1ms);
  EXPECT_THAT(log, IsEmpty());
  world.run_for(1ms);
  EXPECT_THAT(log, ElementsAre("-webhook"));
  EXPECT_EQ(thrown(), "none");
}

TEST_F(ManagerTest, StopsAtOnceWithoutDrainTime) {
  add("webhook", RunPeriod::kUntilDrained);
  add("caches", RunPeriod::kAlways);
  start();
  stop();
  EXPECT_THAT(log, ElementsAre("+webhook", "+caches", "-caches", "-webhook"));
  EXPECT_EQ(thrown(), "none");
}

TEST_F(ManagerTest, OnlyTheFirstStopSetsTheDrainTime) {
  add("webhook", RunPeriod::kUntilDrained);
  start();
  stop(5s);
  stop(1h);
  world.run_for(5s);
  EXPECT_EQ(thrown(), "none");
}

TEST_F(ManagerTest, AStopBeforeTheStartEndsItAtTheStart) {
  add("caches", RunPeriod::kAlways);
  stop();
  start();
  EXPECT_THAT(log, ElementsAre("+caches", "-caches"));
  EXPECT_EQ(thrown(), "none");
}

TEST_F(ManagerTest, AStopDuringThePreparationEndsIt) {
  manager.add({"networks", RunPeriod::kWhileLeading,
               [this] { return world.clock.sleep_for(1000h); },
               [this] { return world.clock.sleep_for(1000h); }});
  start();
  stop();
  EXPECT_EQ(thrown(), "none");
}

TEST_F(ManagerTest, TheLeadersWorkRunsOnlyWhileItLeadsAndAsOftenAsItLeads) {
  add("caches", RunPeriod::kAlways);
  add("controller", RunPeriod::kWhileLeading);
  elect();
  start();
  EXPECT_THAT(taken_log(), ElementsAre("+caches"));
  set_leading(true);
  EXPECT_THAT(taken_log(), ElementsAre("+controller"));
  set_leading(false);
  EXPECT_THAT(taken_log(), ElementsAre("-controller", "released"));
  set_leading(true);
  EXPECT_THAT(taken_log(), ElementsAre("+controller"));
  EXPECT_FALSE(running->done());
  stop();
  EXPECT_THAT(log, ElementsAre("-controller", "released", "-caches"));
}

TEST_F(ManagerTest, AStopWhileAnotherReplicaLeadsEndsTheElection) {
  add("controller", RunPeriod::kWhileLeading);
  elect();
  start();
  stop();
  EXPECT_THAT(log, IsEmpty());
  EXPECT_EQ(thrown(), "none");
}

TEST_F(ManagerTest, WithoutRunnablesItWaitsForTheStop) {
  start();
  world.run_for(1h);
  EXPECT_FALSE(running->done());
  stop();
  EXPECT_EQ(thrown(), "none");
}

class ManagerFailureTest : public ManagerTest, public testing::WithParamInterface<RunPeriod> {};

TEST_P(ManagerFailureTest, ARunnableThatThrowsEndsAllOthersWithoutDrainTime) {
  add("webhook", RunPeriod::kUntilDrained);
  add("caches", RunPeriod::kAlways, {1000h, 2s});
  add("controller", RunPeriod::kWhileLeading);
  add("faulty", GetParam(), {1s, 0s, "a bug"});
  manager.add_finish([this] {
    log.push_back("flush");
    return world.clock.sleep_for(0s);
  });
  start();
  log.clear();
  world.run_for(1s);
  EXPECT_EQ(thrown(), "it has not ended") << "it waits for the caches";
  world.run_for(2s);
  EXPECT_THAT(log, testing::UnorderedElementsAre("-faulty", "-webhook", "-controller", "-caches"));
  EXPECT_EQ(thrown(), "a bug");
}

INSTANTIATE_TEST_SUITE_P(EachGroup, ManagerFailureTest,
                         testing::Values(RunPeriod::kAlways, RunPeriod::kWhileLeading,
                                         RunPeriod::kUntilDrained));

TEST_F(ManagerTest, ARunnableThatThrowsWithinItsStartEndsTheOthers) {
  add("caches", RunPeriod::kAlways);
  manager.add({"faulty", RunPeriod::kAlways,
               []() -> asio::awaitable<void> { throw std::runtime_error("cannot start"); }});
  add("events", RunPeriod::kAlways);
  start();
  EXPECT_EQ(thrown(), "cannot start");
}

TEST_F(ManagerTest, ARunnableThatReturnsBeforeTheStopIsAFailureWithItsName) {
  add("webhook", RunPeriod::kUntilDrained);
  add("caches", RunPeriod::kAlways, {1s});
  start();
  world.run_for(1s);
  EXPECT_THAT(log, ElementsAre("+webhook", "+caches", "-caches", "-webhook"));
  EXPECT_EQ(thrown(), "caches ended before the program was stopped");
}

TEST_F(ManagerTest, AnElectionThatEndsIsAFailure) {
  add("controller", RunPeriod::kWhileLeading);
  manager.set_election([this](const Work&) { return world.clock.sleep_for(1s); });
  start();
  world.run_for(1s);
  EXPECT_EQ(thrown(), "leader election ended before the program was stopped");
}

TEST_F(ManagerTest, WhatIsThrownDuringTheStopIsThrown) {
  add("caches", RunPeriod::kAlways);
  manager.add_finish([]() -> asio::awaitable<void> { throw std::runtime_error("cannot flush"); });
  start();
  stop(10s);
  EXPECT_EQ(thrown(), "cannot flush");
}

TEST_F(ManagerTest, CancellingItEndsAllAtOnceAndWaitsForThem) {
  add("webhook", RunPeriod::kUntilDrained);
  add("caches", RunPeriod::kAlways, {1000h, 2s});
  add("controller", RunPeriod::kWhileLeading);
  manager.add_finish([this] {
    log.push_back("flush");
    return world.clock.sleep_for(0s);
  });
  start();
  log.clear();
  running->cancel();
  world.settle();
  EXPECT_THAT(log, testing::UnorderedElementsAre("-webhook", "-controller"));
  EXPECT_FALSE(running->done());
  world.run_for(2s);
  EXPECT_THAT(log, testing::UnorderedElementsAre("-webhook", "-controller", "-caches"));
  EXPECT_EQ(thrown(), "cancelled");
}

TEST_F(ManagerTest, CancellingItDuringTheDrainTimeEndsIt) {
  add("webhook", RunPeriod::kUntilDrained);
  start();
  stop(1h);
  running->cancel();
  world.settle();
  EXPECT_EQ(thrown(), "cancelled");
  EXPECT_THAT(log, ElementsAre("+webhook", "-webhook"));
}

TEST_F(ManagerTest, ReportsTheFirstCheckThatFails) {
  std::string lease;
  std::string caches;
  EXPECT_EQ(manager.waits_for(), std::nullopt);
  manager.add_check([&] { return lease; });
  manager.add_check([&] { return caches; });
  EXPECT_EQ(manager.waits_for(), std::nullopt);
  caches = "list of services: Forbidden";
  EXPECT_EQ(manager.waits_for(), "list of services: Forbidden");
  lease = "Forbidden";
  EXPECT_EQ(manager.waits_for(), "Forbidden");
}

}  // namespace
