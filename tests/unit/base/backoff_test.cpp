#include "base/backoff.h"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using base::Backoff;
using base::Random;

const Backoff::Instant kStart = Backoff::Instant() + 1h;

TEST(Backoff, IsBetweenATenthOfTheBoundAndTheBoundWhichDoubles) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    Backoff backoff({800ms, 30s, 2min});
    std::chrono::milliseconds bound = 800ms;
    for (int i = 0; i < 40; ++i) {
      const auto delay = backoff.next(random, kStart);
      ASSERT_GE(delay, bound / 10);
      ASSERT_LE(delay, bound);
      bound = std::min<std::chrono::milliseconds>(bound * 2, 30s);
    }
  }
}

TEST(Doubled, GrowsFromTheFirstToTheMaximumAndNeverOverflows) {
  EXPECT_EQ(base::doubled(5ms, -1, 1s), 5ms);
  EXPECT_EQ(base::doubled(5ms, 0, 1s), 5ms);
  EXPECT_EQ(base::doubled(5ms, 3, 1s), 40ms);
  EXPECT_EQ(base::doubled(5ms, 8, 1s), 1s);
  EXPECT_EQ(base::doubled(5ms, 1'000'000, 1s), 1s);
  EXPECT_EQ(base::doubled(2s, 0, 1s), 1s);
}

TEST(Backoff, UsesTheWholeRange) {
  Random random(1);
  std::chrono::milliseconds min = 1h;
  std::chrono::milliseconds max = 0ms;
  for (int i = 0; i < 1'000; ++i) {
    Backoff backoff({1000ms, 30s, 2min});
    const auto delay = backoff.next(random, kStart);
    min = std::min(min, delay);
    max = std::max(max, delay);
  }
  EXPECT_LT(min, 150ms);
  EXPECT_GT(max, 950ms);
}

TEST(Backoff, StartsOverAfterAQuietTime) {
  Random random(1);
  Backoff backoff({100ms, 30s, 2min});
  for (int i = 0; i < 20; ++i) backoff.next(random, kStart);
  EXPECT_LE(backoff.next(random, kStart + 2min + 1ms), 100ms);
}

TEST(Backoff, DoesNotStartOverWhileFailuresGoOn) {
  Random random(1);
  Backoff backoff({1s, 1h, 2min});
  auto now = kStart;
  for (int i = 0; i < 20; ++i) backoff.next(random, now += 2min);
  EXPECT_GE(backoff.next(random, now), 6min);
}

TEST(Backoff, StartsOverAfterASuccess) {
  Random random(1);
  Backoff backoff({100ms, 30s, 2min});
  for (int i = 0; i < 20; ++i) backoff.next(random, kStart);
  backoff.reset();
  EXPECT_LE(backoff.next(random, kStart), 100ms);
}

TEST(Backoff, IsDefinedForAnyNumberOfFailures) {
  Random random(1);
  Backoff backoff({1000ms, 24h, 24h});
  for (int i = 0; i < 100'000; ++i) {
    const auto delay = backoff.next(random, kStart);
    ASSERT_GT(delay, 0ms);
    ASSERT_LE(delay, 24h);
  }
}

TEST(Random, RepeatsItselfFromTheSameSeed) {
  Random one(7);
  Random two(7);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(one.between(0, 1'000'000), two.between(0, 1'000'000));
    ASSERT_EQ(one.name_suffix(5), two.name_suffix(5));
  }
}

TEST(Random, StaysWithinItsBounds) {
  Random random(7);
  for (int i = 0; i < 10'000; ++i) {
    const double fraction = random.fraction();
    ASSERT_GE(fraction, 0.0);
    ASSERT_LT(fraction, 1.0);
    const auto number = random.between(5, 7);
    ASSERT_GE(number, 5U);
    ASSERT_LE(number, 7U);
  }
  EXPECT_EQ(random.between(3, 3), 3U);
}

TEST(Random, MakesSuffixesThatAreValidInNames) {
  Random random = Random::from_device();
  EXPECT_EQ(random.name_suffix(0), "");
  const std::string suffix = random.name_suffix(1'000);
  EXPECT_EQ(suffix.size(), 1'000U);
  EXPECT_EQ(suffix.find_first_not_of("bcdfghjklmnpqrstvwxz2456789"), std::string::npos);
}

}  // namespace
