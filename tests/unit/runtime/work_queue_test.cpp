#include "runtime/work_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/limits.h"

namespace {

using namespace std::chrono_literals;
using Queue = runtime::WorkQueue<std::string>;
using Instant = Queue::Instant;

const Instant kStart = Instant() + 1h;

std::string take(Queue& queue, Instant now) {
  const auto taken = queue.take(now);
  return taken ? taken->key : "";
}

// Member is a key that belongs to a group.
struct Member {
  std::string group;
  int number = 0;

  auto operator<=>(const Member&) const = default;
};

std::string_view fair_group(const Member& member) { return member.group; }

// Takes "a", adds it again, and absorbs that request.
void take_and_see(Queue& queue) {
  queue.add("a", kStart);
  take(queue, kStart);
  queue.add("a", kStart);
  queue.drop_covered_requests("a");
}

TEST(WorkQueue, HandsOutKeysInTheOrderInWhichTheyCame) {
  Queue queue;
  for (const char* key : {"b", "a", "c"}) queue.add(key, kStart);
  EXPECT_EQ(take(queue, kStart), "b");
  EXPECT_EQ(take(queue, kStart), "a");
  EXPECT_EQ(take(queue, kStart), "c");
  EXPECT_EQ(take(queue, kStart), "");
}

TEST(WorkQueue, HoldsAKeyOnceHoweverOftenItIsAdded) {
  Queue queue;
  for (int i = 0; i < 3; ++i) queue.add("a", kStart);
  EXPECT_EQ(queue.ready(), 1U);
  EXPECT_EQ(queue.counters().adds, 1U);
  EXPECT_EQ(take(queue, kStart), "a");
  EXPECT_EQ(take(queue, kStart), "");
}

TEST(WorkQueue, DoesNotHandOutATakenKeyAgainBeforeItIsDone) {
  Queue queue;
  queue.add("a", kStart);
  EXPECT_EQ(take(queue, kStart), "a");
  queue.add("a", kStart);
  queue.add("a", kStart);
  EXPECT_EQ(take(queue, kStart), "");
  queue.done("a", kStart);
  EXPECT_EQ(take(queue, kStart), "a");
  queue.done("a", kStart);
  EXPECT_EQ(take(queue, kStart), "");
  EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueue, WhatIsAskedForWhileTheKeyIsTakenCountsOnceAndWaitsFromThenOn) {
  Queue queue;
  queue.add("a", kStart);
  take(queue, kStart);
  queue.add("a", kStart + 1s);
  queue.add("a", kStart + 2s);
  EXPECT_EQ(queue.counters().adds, 1U) << "it is not ready yet";
  queue.done("a", kStart + 5s);
  EXPECT_EQ(queue.counters().adds, 2U);
  EXPECT_EQ(queue.take(kStart + 6s)->waited, 5s);
}

TEST(WorkQueue, WhatTheOwnerOfAKeySawIsNotAskedForAgain) {
  Queue queue;
  take_and_see(queue);
  queue.drop_covered_requests("unknown");
  queue.done("a", kStart);
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.counters().adds, 1U);
}

TEST(WorkQueue, WhatTheOwnerOfAKeySawIsNotAskedForLaterEither) {
  Queue queue;
  queue.add("a", kStart);
  take(queue, kStart);
  queue.add_after("a", 1s, kStart);
  queue.drop_covered_requests("a");
  queue.done("a", kStart);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueue, WhatIsAskedForAfterTheOwnerLookedIsNotLost) {
  Queue queue;
  take_and_see(queue);
  queue.add("a", kStart + 1s);
  queue.done("a", kStart + 2s);
  EXPECT_EQ(queue.take(kStart + 2s)->waited, 1s);
}

TEST(WorkQueue, OnlyATakenKeyCanBeSeen) {
  Queue queue;
  queue.add("a", kStart);
  queue.add_after("b", 1s, kStart);
  queue.drop_covered_requests("a");
  queue.drop_covered_requests("b");
  EXPECT_EQ(take(queue, kStart), "a");
  EXPECT_EQ(take(queue, kStart + 1s), "b");
}

TEST(WorkQueue, AWaitThatIsAskedForAfterTheOwnerLookedCounts) {
  Queue queue;
  take_and_see(queue);
  queue.add_after("a", 10s, kStart);
  queue.done("a", kStart);
  EXPECT_EQ(queue.next_due(), kStart + 10s);
}

TEST(WorkQueue, KeepsAKeyBackUntilItsDelayIsOver) {
  Queue queue;
  queue.add_after("a", 10s, kStart);
  EXPECT_EQ(queue.next_due(), kStart + 10s);
  EXPECT_EQ(take(queue, kStart + 10s - 1ns), "");
  EXPECT_EQ(take(queue, kStart + 10s), "a");
  EXPECT_FALSE(queue.next_due());
}

TEST(WorkQueue, TheEarlierOfTwoDelaysCounts) {
  Queue queue;
  queue.add_after("a", 10s, kStart);
  queue.add_after("a", 5s, kStart);
  queue.add_after("a", 20s, kStart);
  EXPECT_EQ(queue.waiting(), 1U);
  EXPECT_EQ(take(queue, kStart + 5s), "a");
}

TEST(WorkQueue, TheSameDelayAgainKeepsThePlace) {
  Queue queue;
  queue.add_after("a", 10s, kStart);
  queue.add_after("b", 10s, kStart);
  queue.add_after("a", 10s, kStart);
  EXPECT_EQ(take(queue, kStart + 10s), "a");
  EXPECT_EQ(take(queue, kStart + 10s), "b");
}

TEST(WorkQueue, TheEarlierOfTwoDelaysCountsWhileTheKeyIsTakenToo) {
  Queue queue;
  queue.add("a", kStart);
  take(queue, kStart);
  queue.add_after("a", 10s, kStart);
  queue.add_after("a", 5s, kStart);
  queue.add_after("a", 20s, kStart);
  queue.done("a", kStart + 1s);
  EXPECT_EQ(queue.next_due(), kStart + 5s);
  EXPECT_EQ(take(queue, kStart + 5s), "a");
  queue.done("a", kStart + 6s);
  EXPECT_FALSE(queue.next_due()) << "it was asked for once";
}

TEST(WorkQueue, CountsEachKeyThatBecomesReady) {
  Queue queue;
  queue.add("a", kStart);
  queue.add_after("b", 1s, kStart);
  queue.add_after("c", 2s, kStart);
  queue.add("c", kStart);
  EXPECT_EQ(queue.counters().adds, 2U);
  take(queue, kStart + 1s);
  EXPECT_EQ(queue.counters().adds, 3U);
}

TEST(WorkQueue, AnAddEndsTheWait) {
  Queue queue;
  queue.add_after("a", 10s, kStart);
  queue.add("a", kStart);
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(take(queue, kStart), "a");
  queue.done("a", kStart);
  EXPECT_EQ(take(queue, kStart + 1h), "");
}

TEST(WorkQueue, ADelayAskedForWhileTheKeyIsTakenBeginsToCountAtOnce) {
  Queue queue;
  queue.add("a", kStart);
  take(queue, kStart);
  queue.add_after("a", 10s, kStart);
  EXPECT_EQ(take(queue, kStart + 20s), "");
  queue.done("a", kStart + 4s);
  EXPECT_EQ(queue.next_due(), kStart + 10s);
}

TEST(WorkQueue, AnAddWhileTheKeyIsTakenGoesBeforeADelay) {
  Queue queue;
  queue.add("a", kStart);
  take(queue, kStart);
  queue.add_after("a", 10s, kStart);
  queue.add("a", kStart);
  queue.add_after("a", 20s, kStart);
  queue.done("a", kStart);
  EXPECT_EQ(take(queue, kStart), "a");
  queue.done("a", kStart);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueue, ADelayOfNothingIsAnAdd) {
  Queue queue;
  queue.add_after("a", 0s, kStart);
  queue.add_after("b", -5s, kStart);
  EXPECT_EQ(queue.ready(), 2U);
}

TEST(WorkQueue, ADelayBeyondTheEndOfTimeWaitsForever) {
  Queue queue;
  queue.add_after("a", Queue::Duration::max(), kStart);
  EXPECT_EQ(queue.next_due(), Instant::max());
  EXPECT_EQ(take(queue, kStart + 24h * 365), "");
}

TEST(WorkQueue, KeysThatAreAskedForNowGoBeforeThoseThatHaveWaited) {
  Queue queue;
  queue.add_after("waited", 1s, kStart);
  queue.add("fresh", kStart + 5s);
  EXPECT_EQ(take(queue, kStart + 5s), "fresh");
  EXPECT_EQ(take(queue, kStart + 5s), "waited");
}

TEST(WorkQueue, AKeyThatHasWaitedAndIsAskedForNowMovesToTheFront) {
  Queue queue;
  queue.add_after("first", 1s, kStart);
  queue.add_after("second", 2s, kStart);
  queue.add("other", kStart);
  EXPECT_EQ(take(queue, kStart + 5s), "other");
  queue.add("second", kStart + 5s);
  queue.add("third", kStart + 5s);
  queue.add("second", kStart + 5s);
  EXPECT_EQ(queue.ready(), 3U);
  EXPECT_EQ(take(queue, kStart + 5s), "second");
  EXPECT_EQ(take(queue, kStart + 5s), "third");
  EXPECT_EQ(take(queue, kStart + 5s), "first");
}

TEST(WorkQueue, AFloodOfEventsDoesNotStarveWhatHasWaited) {
  Queue queue;
  queue.add_after("waited", 1s, kStart);
  queue.add_after("waited too", 1s, kStart);
  std::vector<int> turns;
  for (int i = 1; i <= 20; ++i) {
    queue.add("event" + std::to_string(i), kStart + 5s);
    queue.add("another" + std::to_string(i), kStart + 5s);
    if (take(queue, kStart + 5s).starts_with("waited")) turns.push_back(i);
  }
  EXPECT_EQ(turns, (std::vector{Queue::kFairTurn, 2 * Queue::kFairTurn}));
}

// Takes `keys` keys and returns their groups in this order; "-" when there is no key.
std::string groups(runtime::WorkQueue<Member>& queue, Instant now, int keys) {
  std::string text;
  for (int i = 0; i < keys; ++i) {
    const auto taken = queue.take(now);
    text += taken ? taken->key.group : "-";
  }
  return text;
}

TEST(WorkQueue, AGroupWithManyKeysDelaysAnotherByOneKeyATurn) {
  runtime::WorkQueue<Member> queue;
  for (int i = 0; i < 1000; ++i) queue.add({"a", i}, kStart);
  EXPECT_EQ(groups(queue, kStart, 2), "aa");
  for (int i = 0; i < 3; ++i) queue.add({"b", i}, kStart);
  queue.add({"c", 0}, kStart);
  EXPECT_EQ(groups(queue, kStart, 8), "abcababa");
  EXPECT_EQ(queue.take(kStart)->key.number, 6) << "in a group the first that came goes first";
}

TEST(WorkQueue, GroupsTakeTurnsAmongTheKeysThatHaveWaitedToo) {
  runtime::WorkQueue<Member> queue;
  for (int i = 0; i < 100; ++i) queue.add_after({"a", i}, 1s, kStart);
  queue.add_after({"b", 0}, 2s, kStart);
  queue.add_after({"b", 1}, 2s, kStart);
  EXPECT_EQ(groups(queue, kStart + 5s, 5), "ababa");
}

TEST(WorkQueue, AKeyThatMovesToTheFrontTakesTheTurnOfItsGroup) {
  runtime::WorkQueue<Member> queue;
  queue.add_after({"b", 0}, 1s, kStart);
  queue.add_after({"b", 1}, 1s, kStart);
  for (int i = 0; i < 3; ++i) queue.add({"a", i}, kStart + 5s);
  EXPECT_EQ(groups(queue, kStart + 5s, 1), "a");
  queue.add({"b", 1}, kStart + 5s);
  EXPECT_EQ(groups(queue, kStart + 5s, 5), "abba-") << "b's second key, then the one that waited";
}

TEST(WorkQueue, RetriesWaitTwiceAsLongEachTimeUpToTheBound) {
  Queue queue;
  std::chrono::steady_clock::duration expected = limits::kRetryFirst;
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(queue.add_rate_limited("a", kStart), expected);
    expected = std::min<Queue::Duration>(expected * 2, limits::kMaxRetryDelay);
  }
  EXPECT_EQ(queue.failures("a"), 30);
  EXPECT_EQ(queue.failures("unknown"), 0);
  EXPECT_EQ(queue.counters().retries, 30U);
  EXPECT_EQ(queue.add_rate_limited("b", kStart), limits::kRetryFirst);
}

TEST(WorkQueue, TheRetryDelayIsDefinedForEveryNumberOfFailures) {
  EXPECT_EQ(runtime::retry_delay(-1), 5ms);
  EXPECT_EQ(runtime::retry_delay(0), 5ms);
  EXPECT_EQ(runtime::retry_delay(1), 10ms);
  EXPECT_EQ(runtime::retry_delay(17), 655'360ms);
  EXPECT_EQ(runtime::retry_delay(18), 1000s);
  EXPECT_EQ(runtime::retry_delay(std::numeric_limits<int>::max()), 1000s);
}

TEST(WorkQueue, ARetryWaitsAtLeastAsLongAsTheServerAskedFor) {
  Queue queue;
  EXPECT_EQ(queue.add_rate_limited("a", kStart, 3s), 3s);
  EXPECT_EQ(queue.next_due(), kStart + 3s);
  EXPECT_EQ(queue.add_rate_limited("a", kStart, 1ms), 10ms);
}

TEST(WorkQueue, ARetryWaitsNoLongerThanTheCallerAllowsUnlessTheServerAskedForMore) {
  Queue queue;
  for (int i = 0; i < 20; ++i) queue.add_rate_limited("a", kStart);
  EXPECT_EQ(queue.add_rate_limited("a", kStart, 0s, 30s), 30s);
  EXPECT_EQ(queue.add_rate_limited("a", kStart, 40s, 30s), 40s);
  EXPECT_EQ(queue.add_rate_limited("b", kStart, 0s, 30s), limits::kRetryFirst);
}

TEST(WorkQueue, ForgetBeginsTheRetriesAgain) {
  Queue queue;
  queue.add_rate_limited("a", kStart);
  queue.add_rate_limited("a", kStart);
  queue.forget("a");
  queue.forget("unknown");
  EXPECT_EQ(queue.add_rate_limited("a", kStart), limits::kRetryFirst);
}

TEST(WorkQueue, RemembersNothingOfAKeyThatIsDoneAndForgotten) {
  Queue queue;
  queue.add_rate_limited("a", kStart);
  EXPECT_EQ(take(queue, kStart + 1s), "a");
  queue.done("a", kStart + 1s);
  EXPECT_EQ(queue.size(), 1U);  // the queue still counts its failures
  queue.forget("a");
  EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueue, ShutDownItDropsWhatWaitsAndTakesNothingIn) {
  Queue queue;
  queue.add("ready", kStart);
  queue.add_after("waiting", 1s, kStart);
  queue.add("taken", kStart);
  EXPECT_EQ(take(queue, kStart), "ready");
  queue.add("ready", kStart);
  EXPECT_FALSE(queue.is_shut_down());
  queue.shutdown();
  queue.add("new", kStart);
  queue.add_after("new", 1s, kStart);
  queue.add_rate_limited("new", kStart);
  EXPECT_EQ(take(queue, kStart + 1h), "");
  EXPECT_EQ(queue.taken(), 1U);
  queue.done("ready", kStart);
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_TRUE(queue.is_shut_down());
}

TEST(WorkQueue, ShutDownItForgetsWhatWasToComeOfAKeyThatIsTaken) {
  Queue queue;
  queue.add("taken", kStart);
  take(queue, kStart);
  queue.add_rate_limited("taken", kStart);
  queue.add("fresh", kStart + 1s);
  queue.add_after("waited", 1ms, kStart);
  EXPECT_EQ(take(queue, kStart + 1s), "fresh");
  EXPECT_EQ(queue.ready(), 1U);
  queue.shutdown();
  EXPECT_EQ(queue.ready(), 0U);
  queue.done("taken", kStart + 1s);
  queue.done("fresh", kStart + 1s);
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_FALSE(queue.next_due());
}

TEST(WorkQueue, DoneOfAKeyThatWasNotTakenDoesNothing) {
  Queue queue;
  queue.add("a", kStart);
  EXPECT_EQ(queue.done("a", kStart), Queue::Duration::zero());
  EXPECT_EQ(queue.done("unknown", kStart), Queue::Duration::zero());
  EXPECT_EQ(take(queue, kStart), "a");
}

TEST(WorkQueue, MeasuresHowLongKeysWaitAndHowLongTheyAreAway) {
  Queue queue;
  queue.add("a", kStart);
  queue.add_after("b", 1s, kStart);
  EXPECT_EQ(queue.take(kStart + 2s)->waited, 2s);
  EXPECT_EQ(queue.take(kStart + 3s)->waited, 2s);
  EXPECT_EQ(queue.unfinished_work(kStart + 5s), 5s);
  EXPECT_EQ(queue.longest_running(kStart + 5s), 3s);
  EXPECT_EQ(queue.done("a", kStart + 6s), 4s);
  EXPECT_EQ(queue.longest_running(kStart + 6s), 3s);
  queue.done("b", kStart + 6s);
  EXPECT_EQ(queue.longest_running(kStart + 6s), 0s);
}

// Model repeats what the queue promises in the simplest way and compares.
class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {}

  void step() {
    now_ += std::chrono::milliseconds(pick(20));
    const int key = pick(8);
    switch (pick(7)) {
      case 0: ask(key, now_), queue_.add(member(key), now_); break;
      case 1: {
        const auto delay = std::chrono::milliseconds(pick(200));
        ask(key, now_ + delay), queue_.add_after(member(key), delay, now_);
        break;
      }
      case 2: {
        const auto delay = queue_.add_rate_limited(member(key), now_);
        ask(key, now_ + delay);
        break;
      }
      case 3: queue_.forget(member(key)); break;
      case 4:
      case 5: take(); break;
      default: give_back(); break;
    }
    EXPECT_LE(queue_.size(), 8U);
    EXPECT_EQ(queue_.taken(), taken_.size());
    EXPECT_LE(queue_.ready() + queue_.waiting() + queue_.taken(), 8U);
  }

  // Expects that every requested key is handed out after enough time, and that nothing is left.
  void drain() {
    for (int i = 0; i < 100 && !(asked_.empty() && taken_.empty()); ++i) {
      now_ += 1000s;
      take();
      give_back();
    }
    EXPECT_TRUE(asked_.empty());
    for (int key = 0; key < 8; ++key) queue_.forget(member(key));
    EXPECT_EQ(queue_.size(), 0U);
  }

 private:
  static Member member(int key) { return {std::string(1, static_cast<char>('a' + key % 3)), key}; }
  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  void ask(int key, Instant earliest) {
    const auto [place, added] = asked_.emplace(key, earliest);
    if (!added) place->second = std::min(place->second, earliest);
  }

  void take() {
    const auto taken = queue_.take(now_);
    if (!taken) {
      for (const auto& [key, earliest] : asked_) {
        EXPECT_TRUE(earliest > now_ || taken_.contains(key)) << "lost or late: " << key;
      }
      return;
    }
    const int key = taken->key.number;
    EXPECT_TRUE(taken_.insert(key).second) << "on two workers: " << key;
    const auto asked = asked_.find(key);
    ASSERT_NE(asked, asked_.end()) << "nobody asked for " << key;
    EXPECT_LE(asked->second, now_) << "too early";
    EXPECT_GE(taken->waited, 0s);
    asked_.erase(asked);
  }

  void give_back() {
    if (taken_.empty()) return;
    const auto key = std::next(taken_.begin(), pick(static_cast<int>(taken_.size())));
    queue_.done(member(*key), now_);
    taken_.erase(key);
  }

  std::mt19937_64 random_;
  Instant now_ = kStart;
  runtime::WorkQueue<Member> queue_;
  std::map<int, Instant> asked_;  // key → the earliest instant at which it may be handed out
  std::set<int> taken_;
};

TEST(WorkQueue, UnderRandomSchedulesNothingIsLostNothingIsEarlyAndNoKeyIsTakenTwice) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    for (int i = 0; i < 1'000; ++i) model.step();
    model.drain();
    if (testing::Test::HasFailure()) break;
  }
}

}  // namespace
