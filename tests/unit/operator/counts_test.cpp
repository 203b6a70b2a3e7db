#include "operator/counts.h"

#include <gtest/gtest.h>

namespace test {
namespace {

using controller::Counts;

TEST(Counts, AreKeptForEachNameAndInTotal) {
  Counts counts;
  counts.add("a");
  counts.add("a", 2);
  counts.add("b", 5);
  EXPECT_EQ(counts.of("a"), 3u);
  EXPECT_EQ(counts.of("b"), 5u);
  EXPECT_EQ(counts.of("c"), 0u);
  EXPECT_EQ(counts.total(), 8u);
  counts.remove("a");
  counts.remove("b", 5);
  EXPECT_EQ(counts.of("a"), 2u);
  EXPECT_EQ(counts.of("b"), 0u);
  EXPECT_EQ(counts.total(), 2u);
}

TEST(Counts, AnUnknownNameAndTheNumberZeroChangeNothing) {
  Counts counts;
  counts.remove("a");
  counts.add("a", 0);
  counts.remove("a", 0);
  EXPECT_EQ(counts.of("a"), 0u);
  EXPECT_EQ(counts.total(), 0u);
}

}  // namespace
}  // namespace test
