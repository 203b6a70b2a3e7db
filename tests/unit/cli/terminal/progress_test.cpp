#include "cli/terminal/progress.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(Progress, BytesAreShownInDecimalUnits) {
  EXPECT_EQ(print_bytes(0), "0 B");
  EXPECT_EQ(print_bytes(999), "999 B");
  EXPECT_EQ(print_bytes(1000), "1.0 kB");
  EXPECT_EQ(print_bytes(12'345'678), "12.3 MB");
  EXPECT_EQ(print_bytes(5'000'000'000), "5.0 GB");
}

TEST(Progress, ABarIsAsLongAsTheTerminalLets) {
  EXPECT_EQ(progress_line("pushing a", 50, 100, 1000, 79),
            "pushing a  [===============>              ]   50%  50 B / 100 B  1.0 kB/s");
  EXPECT_EQ(progress_line("pushing a", 50, 100, 1000, 50),
            "pushing a  [===>   ]   50%  50 B / 100 B  1.0 kB/s");
  EXPECT_EQ(progress_line("pushing a", 50, 100, 1000, 40),
            "pushing a   50%  50 B / 100 B  1.0 kB/s");
  EXPECT_EQ(progress_line("pushing a", 100, 100, 0, 20).size(), 20U);
  EXPECT_EQ(progress_line("reading a", 1500, 0, 500, 79), "reading a  1.5 kB  500 B/s");
}

}  // namespace
}  // namespace cli
