#include "base/text/duration.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> seconds_form(std::string_view text) {
  return parse_duration(text, DurationForm::kSeconds);
}

std::optional<milliseconds> milliseconds_form(std::string_view text) {
  return parse_duration(text, DurationForm::kMilliseconds);
}

TEST(Duration, HasHoursMinutesAndSecondsInThisOrder) {
  EXPECT_EQ(seconds_form("90s"), milliseconds(90'000));
  EXPECT_EQ(seconds_form("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(seconds_form("1h5s"), milliseconds(3'605'000));
  EXPECT_EQ(seconds_form("4294967295h"), milliseconds(4294967295 * 3'600'000));
  for (const char* text : {"", "90", "s", "500ms", "1s1m", "1m1m", "1h 1m", "1.5h", "-1s", "+1s",
                           "4294967296s", "1d", "1h30"}) {
    EXPECT_FALSE(seconds_form(text)) << text;
  }
}

TEST(Duration, MayHaveMillisecondsAnyOrderAndNoUnit) {
  EXPECT_EQ(milliseconds_form("90"), milliseconds(90'000));
  EXPECT_EQ(milliseconds_form("500ms"), milliseconds(500));
  EXPECT_EQ(milliseconds_form("1s1m1s"), milliseconds(62'000));
  EXPECT_EQ(milliseconds_form("1h1m1s1ms"), milliseconds(3'661'001));
  for (const char* text : {"", "s", "1s2", "1 s", "-1", "4294967296", "5x"}) {
    EXPECT_FALSE(milliseconds_form(text)) << text;
  }
}

TEST(Duration, ASumThatWouldOverflowIsRefused) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "4294967295h";
  EXPECT_FALSE(milliseconds_form(text));
}

TEST(Duration, IsPrintedAsItIsRead) {
  EXPECT_EQ(print_duration(milliseconds(0)), "0s");
  EXPECT_EQ(print_duration(milliseconds(90'000)), "1m30s");
  EXPECT_EQ(print_duration(milliseconds(3'661'001)), "1h1m1s1ms");
}

}  // namespace
}  // namespace base
