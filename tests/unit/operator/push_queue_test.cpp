#include "operator/push/push_queue.h"

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

// RandomRun has a queue, and the state that a simple model expects.
class RandomRun {
 public:
  explicit RandomRun(unsigned seed) : random_(seed) {}

  void step() {
    const std::size_t dice = below(10);
    if (dice < 4) {
      add();
    } else if (dice == 4 && !waiting_.empty()) {
      EXPECT_TRUE(queue_.remove(take(waiting_)));
    } else if (dice < 7 && !running_.empty()) {
      queue_.done(take(running_));
    } else {
      begin_next();
    }
    // Fairness counts only while a namespace has a question that could start: others may pass it
    // while it waits for another limit.
    const std::set<std::string> ready = ready_namespaces();
    std::erase_if(passed_, [&](const auto& one) { return !ready.contains(one.first); });
    EXPECT_EQ(queue_.waiting(), waiting_.size());
    EXPECT_EQ(queue_.running(), running_.size());
    EXPECT_LE(waiting_.size(), bounds_.waiting);
  }

  // Expects that every question is handed out in the end.
  void finish() {
    while (!waiting_.empty()) {
      while (const auto next = queue_.next()) {
        EXPECT_EQ(std::erase(waiting_, *next), 1U);
        running_.push_back(*next);
      }
      ASSERT_FALSE(running_.empty());
      queue_.done(take(running_));
    }
  }

 private:
  std::size_t below(std::size_t n) { return std::size_t{random_() % n}; }

  PushQuestion take(std::vector<PushQuestion>& from) {
    const auto at = from.begin() + static_cast<std::ptrdiff_t>(below(from.size()));
    PushQuestion taken = *at;
    from.erase(at);
    return taken;
  }

  void add() {
    const auto one = question("team" + std::to_string(below(5)), std::to_string(++number_),
                              "host" + std::to_string(below(4)));
    if (queue_.add(one)) waiting_.push_back(one);
  }

  bool is_ready(const PushQuestion& one) const {
    std::size_t of_namespace = 0;
    std::size_t of_host = 0;
    for (const PushQuestion& other : running_) {
      of_namespace += other.resource.namespace_name == one.resource.namespace_name ? 1 : 0;
      of_host += other.host == one.host ? 1 : 0;
    }
    return of_namespace < bounds_.running_of_namespace && of_host < bounds_.running_of_host;
  }

  std::set<std::string> ready_namespaces() const {
    std::set<std::string> ready;
    for (const PushQuestion& one : waiting_) {
      if (is_ready(one)) ready.insert(one.resource.namespace_name);
    }
    return ready;
  }

  void begin_next() {
    const std::set<std::string> ready = ready_namespaces();
    const auto next = queue_.next();
    if (!next) {
      EXPECT_TRUE(ready.empty() || running_.size() == bounds_.running);
      return;
    }
    EXPECT_TRUE(is_ready(*next) && running_.size() < bounds_.running);
    const std::string team = next->resource.namespace_name;
    passed_.erase(team);
    for (const std::string& other : ready) {
      if (other == team) continue;
      EXPECT_LE(++passed_[other][team], 1) << other << " waits for " << team;
    }
    EXPECT_EQ(std::erase(waiting_, *next), 1U);
    running_.push_back(*next);
  }

  std::mt19937 random_;
  PushQueueBounds bounds_{1 + below(6), 1 + below(4), 1 + below(4), 60, 25};
  PushQueue queue_{bounds_};
  std::vector<PushQuestion> waiting_;
  std::vector<PushQuestion> running_;
  // For each namespace that waits for its turn: how often each other namespace was served since.
  std::map<std::string, std::map<std::string, int>> passed_;
  int number_ = 0;
};

// Random runs keep the guarantees of the header, whatever the order of the operations is.
TEST(PushQueue, IsFairAndBoundedInRandomRuns) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun run(seed);
    for (int step = 0; step < 600; ++step) run.step();
    run.finish();
  }
}

}  // namespace
}  // namespace test
