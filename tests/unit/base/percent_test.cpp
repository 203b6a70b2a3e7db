#include "base/text/percent.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(PercentEncoding, KeepsUnreservedCharacters) {
  EXPECT_EQ(percent_encoded("azAZ09-._~"), "azAZ09-._~");
  EXPECT_EQ(percent_encoded("sha256:a/b c+d%ö"), "sha256%3Aa%2Fb%20c%2Bd%25%C3%B6");
  EXPECT_EQ(percent_encoded(""), "");
}

TEST(PercentEncoding, KeepsTheMarksOfTheCaller) {
  EXPECT_EQ(percent_encoded("a!b-c", "!"), "a!b%2Dc");
  EXPECT_EQ(percent_encoded("%", ""), "%25");
}

}  // namespace
}  // namespace base
