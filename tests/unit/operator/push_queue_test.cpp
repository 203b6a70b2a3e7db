#include "operator/push_queue.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace test {
namespace {

using controller::PushQuestion;
using controller::PushQueue;
using controller::PushQueueBounds;

PushQuestion question(const std::string& team, const std::string& image,
                      const std::string& host = "ghcr.io") {
  return {{team, "dev"}, image, host};
}

std::string next_of(PushQueue& queue) {
  const auto next = queue.next();
  return next ? next->resource.namespace_name + "/" + next->image : "-";
}

TEST(PushQueue, NamespacesTakeTurns) {
  PushQueue queue({100, 100, 100, 100, 100});
  for (const char* image : {"1", "2", "3"}) queue.add(question("a", image));
  queue.add(question("b", "1"));
  queue.add(question("c", "1"));
  for (const char* expected : {"a/1", "b/1", "c/1", "a/2", "a/3", "-"}) {
    EXPECT_EQ(next_of(queue), expected);
  }
}

TEST(PushQueue, ANamespaceThatComesBackWaitsForItsTurn) {
  PushQueue queue({100, 100, 100, 100, 100});
  queue.add(question("a", "1"));
  queue.add(question("b", "1"));
  queue.add(question("b", "2"));
  EXPECT_EQ(next_of(queue), "a/1");
  queue.add(question("a", "2"));
  EXPECT_EQ(next_of(queue), "b/1");
  EXPECT_EQ(next_of(queue), "a/2");
  EXPECT_EQ(next_of(queue), "b/2");
}

TEST(PushQueue, HostsOfANamespaceTakeTurns) {
  PushQueue queue({100, 100, 100, 100, 100});
  for (const char* image : {"1", "2"}) queue.add(question("a", image, "slow"));
  queue.add(question("a", "3", "fast"));
  EXPECT_EQ(next_of(queue), "a/1");
  EXPECT_EQ(next_of(queue), "a/3");
  EXPECT_EQ(next_of(queue), "a/2");
}

TEST(PushQueue, BoundsHoldUntilAPlaceIsGivenBack) {
  PushQueue queue({3, 2, 1, 100, 100});
  for (const char* team : {"a", "b"}) {
    for (const char* host : {"x", "y", "z"}) queue.add(question(team, host, host));
  }
  EXPECT_EQ(next_of(queue), "a/x");
  EXPECT_EQ(next_of(queue), "b/y") << "x is busy";
  EXPECT_EQ(next_of(queue), "a/z");
  EXPECT_EQ(next_of(queue), "-");
  queue.done(question("b", "y", "y"));
  EXPECT_EQ(next_of(queue), "-") << "a has its two, and x and z are busy for b";
  queue.done(question("a", "x", "x"));
  EXPECT_EQ(next_of(queue), "b/x");
}

TEST(PushQueue, HasRoomForSoManyAndNoMore) {
  PushQueue queue({0, 0, 0, 3, 2});
  EXPECT_TRUE(queue.add(question("a", "1")));
  EXPECT_TRUE(queue.add(question("a", "2")));
  EXPECT_FALSE(queue.add(question("a", "3")));
  EXPECT_TRUE(queue.add(question("b", "1")));
  EXPECT_FALSE(queue.add(question("c", "1")));
  EXPECT_TRUE(queue.remove(question("a", "1")));
  EXPECT_FALSE(queue.remove(question("a", "1")));
  EXPECT_TRUE(queue.add(question("c", "1")));
  EXPECT_EQ(queue.waiting(), 3U);
}

// The properties of the header, whatever comes in which order.
TEST(PushQueue, IsFairAndBoundedInRandomRuns) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return std::size_t{random() % n}; };
    const PushQueueBounds bounds{1 + below(6), 1 + below(4), 1 + below(4), 60, 25};
    PushQueue queue(bounds);
    std::vector<PushQuestion> waiting;
    std::vector<PushQuestion> running;
    // For each namespace that waits: how often each other one was served since it was last.
    std::map<std::string, std::map<std::string, int>> served;
    const auto count = [&](const auto& matches) {
      return static_cast<std::size_t>(std::count_if(running.begin(), running.end(), matches));
    };
    const auto is_ready = [&](const PushQuestion& one) {
      return count([&](const PushQuestion& other) {
               return other.resource.namespace_name == one.resource.namespace_name;
             }) < bounds.running_of_namespace &&
             count([&](const PushQuestion& other) { return other.host == one.host; }) <
                 bounds.running_of_host;
    };
    int number = 0;
    for (int step = 0; step < 600; ++step) {
      const std::size_t dice = below(10);
      if (dice < 4) {
        const auto one = question("team" + std::to_string(below(5)), std::to_string(++number),
                                  "host" + std::to_string(below(4)));
        if (queue.add(one)) waiting.push_back(one);
      } else if (dice == 4 && !waiting.empty()) {
        const std::size_t at = below(waiting.size());
        EXPECT_TRUE(queue.remove(waiting[at]));
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
      } else if (dice < 7 && !running.empty()) {
        const std::size_t at = below(running.size());
        queue.done(running[at]);
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        std::set<std::string> ready;
        for (const PushQuestion& one : waiting) {
          if (is_ready(one)) ready.insert(one.resource.namespace_name);
        }
        const auto next = queue.next();
        if (!next) {
          EXPECT_TRUE(ready.empty() || running.size() == bounds.running) << seed;
          continue;
        }
        EXPECT_TRUE(is_ready(*next) && running.size() < bounds.running) << seed;
        const std::string team = next->resource.namespace_name;
        served.erase(team);
        for (const std::string& other : ready) {
          if (other != team) EXPECT_LE(++served[other][team], 1) << seed << ": " << other;
        }
        std::erase_if(served, [&](const auto& one) { return !ready.contains(one.first); });
        EXPECT_EQ(std::erase(waiting, *next), 1U);
        running.push_back(*next);
      }
      EXPECT_EQ(queue.waiting(), waiting.size());
      EXPECT_EQ(queue.running(), running.size());
      EXPECT_LE(waiting.size(), bounds.waiting);
    }
    // Every question is answered at last.
    while (!waiting.empty()) {
      while (const auto next = queue.next()) {
        EXPECT_EQ(std::erase(waiting, *next), 1U);
        running.push_back(*next);
      }
      ASSERT_FALSE(running.empty()) << seed;
      queue.done(running.back());
      running.pop_back();
    }
  }
}

}  // namespace
}  // namespace test
