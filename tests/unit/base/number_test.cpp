#include "base/text/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace base {
namespace {

TEST(WholeNumber, IsTheWholeText) {
  EXPECT_EQ(whole_number<int>("0"), 0);
  EXPECT_EQ(whole_number<int>("007"), 7);
  EXPECT_EQ(whole_number<int>("-12"), -12);
  for (const std::string_view other : {"", "-", "+1", " 1", "1 ", "1x", "0x1", "1.0"}) {
    EXPECT_FALSE(whole_number<int>(other)) << other;
  }
}

TEST(WholeNumber, HasToFitIntoItsType) {
  EXPECT_EQ(whole_number<std::uint16_t>("65535"), 65535);
  EXPECT_FALSE(whole_number<std::uint16_t>("65536"));
  EXPECT_FALSE(whole_number<std::uint16_t>("-1"));
  EXPECT_EQ(whole_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_FALSE(whole_number<std::uint64_t>("18446744073709551616"));
}

TEST(WholeNumber, MayHaveAnotherRadix) {
  EXPECT_EQ(whole_number<int>("17", 8), 15);
  EXPECT_FALSE(whole_number<int>("18", 8));
  EXPECT_EQ(whole_number<int>("fF", 16), 255);
}

}  // namespace
}  // namespace base
