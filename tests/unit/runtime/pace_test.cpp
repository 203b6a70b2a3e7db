#include "runtime/pace.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace std::chrono_literals;
using Pace = runtime::Pace<std::string>;

constexpr Pace::Instant kStart{1h};

// Takes the key as often as its pace allows at `now`, and returns how often that was.
int take_at_once(Pace& pace, const std::string& key, Pace::Instant now) {
  int taken = 0;
  while (pace.wait(key, now) == 0s && taken < 1000) {
    pace.count(key, now);
    ++taken;
  }
  return taken;
}

TEST(Pace, AKeyGoesSoOftenInARowAndThenOnceEachInterval) {
  Pace pace;
  EXPECT_EQ(take_at_once(pace, "a", kStart), limits::kPaceBurst);
  EXPECT_EQ(pace.wait("a", kStart), limits::kPaceInterval);
  EXPECT_EQ(pace.wait("a", kStart + 100ms), limits::kPaceInterval - 100ms);
  EXPECT_EQ(take_at_once(pace, "a", kStart + limits::kPaceInterval), 1);
  EXPECT_EQ(take_at_once(pace, "a", kStart + 3 * limits::kPaceInterval), 2);
}

TEST(Pace, AKeyThatRestedGoesAsOftenAgain) {
  Pace pace;
  take_at_once(pace, "a", kStart);
  const auto later = kStart + limits::kPaceBurst * limits::kPaceInterval;
  EXPECT_EQ(take_at_once(pace, "a", later), limits::kPaceBurst);
  EXPECT_EQ(take_at_once(pace, "a", later + 1h), limits::kPaceBurst) << "rest is not saved up";
}

TEST(Pace, AnotherKeyIsNotHeldBack) {
  Pace pace;
  take_at_once(pace, "a", kStart);
  EXPECT_EQ(take_at_once(pace, "b", kStart), limits::kPaceBurst);
}

TEST(Pace, ForgetsKeysWhoseTurnsNoLongerCount) {
  Pace pace;
  for (int i = 0; i < 10'000; ++i) pace.count(std::to_string(i), kStart + i * 10ms);
  EXPECT_LT(pace.size(), 200U);
}

TEST(Pace, RemembersABoundedNumberOfKeysAndHoldsTheOthersNotBack) {
  Pace pace;
  for (int i = 0; i < 10'000; ++i) pace.count(std::to_string(i), kStart);
  EXPECT_EQ(pace.size(), limits::kPacedKeys);
  EXPECT_EQ(pace.wait("9999", kStart), 0s);
}

}  // namespace
