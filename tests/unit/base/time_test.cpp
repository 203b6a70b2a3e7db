#include "base/time.h"

#include <gtest/gtest.h>

#include <random>

namespace {

using namespace std::chrono_literals;
using base::Time;

Time at(int year, unsigned month, unsigned day, std::chrono::microseconds clock = 0us) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return Time(std::chrono::sys_days(date)) + clock;
}

TEST(Time, IsWrittenInWholeSecondsAsMetav1TimeIs) {
  EXPECT_EQ(base::format_seconds(at(2026, 1, 31, 12h + 5min + 9s)), "2026-01-31T12:05:09Z");
  EXPECT_EQ(base::format_seconds(at(2026, 1, 31, 999'999us)), "2026-01-31T00:00:00Z");
  EXPECT_EQ(base::format_seconds(Time()), "1970-01-01T00:00:00Z");
}

TEST(Time, IsWrittenInMicrosecondsAsMicroTimeIs) {
  EXPECT_EQ(base::format_micros(at(2026, 1, 31, 1us)), "2026-01-31T00:00:00.000001Z");
  EXPECT_EQ(base::format_micros(at(2026, 1, 31, 23h + 120ms)), "2026-01-31T23:00:00.120000Z");
}

TEST(Time, BeforeTheEpochIsWrittenWithTheSecondItIsIn) {
  EXPECT_EQ(base::format_seconds(Time(-1us)), "1969-12-31T23:59:59Z");
  EXPECT_EQ(base::format_micros(Time(-1us)), "1969-12-31T23:59:59.999999Z");
}

TEST(Time, IsReadWithEveryFractionAndOffset) {
  const Time noon = at(2026, 1, 31, 12h);
  for (const char* text :
       {"2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31T12:00:00.0Z",
        "2026-01-31T12:00:00.000000000Z", "2026-01-31T12:00:00+00:00", "2026-01-31T13:00:00+01:00",
        "2026-01-31T06:30:00-05:30", "2026-02-01T02:00:00+14:00", "2026-01-31T11:59:60Z"}) {
    EXPECT_EQ(base::parse_time(text), noon) << text;
  }
  EXPECT_EQ(base::parse_time("2026-01-31T12:00:00.5Z"), noon + 500ms);
  EXPECT_EQ(base::parse_time("2026-01-31T12:00:00.000001Z"), noon + 1us);
  EXPECT_EQ(base::parse_time("2026-01-31T12:00:00.123456789Z"), noon + 123456us);
  EXPECT_EQ(base::parse_time("2024-02-29T00:00:00Z"), at(2024, 2, 29));
}

TEST(Time, IsNotReadFromAnythingElse) {
  for (const char* text : {"",
                           "Z",
                           "2026-01-31",
                           "2026-01-31T12:00:00",
                           "2026-01-31 12:00:00Z",
                           "2026-01-31T12:00Z",
                           "2026-1-31T12:00:00Z",
                           "26-01-31T12:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-01-32T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-31T24:00:00Z",
                           "2026-01-31T12:60:00Z",
                           "2026-01-31T12:00:61Z",
                           "2026-01-31T12:00:00.Z",
                           "2026-01-31T12:00:00,5Z",
                           "2026-01-31T12:00:00ZZ",
                           "2026-01-31T12:00:00 Z",
                           " 2026-01-31T12:00:00Z",
                           "2026-01-31T12:00:00+1:00",
                           "2026-01-31T12:00:00+0100",
                           "2026-01-31T12:00:00+24:00",
                           "2026-01-31T12:00:00+01:60",
                           "-026-01-31T12:00:00Z",
                           "2026-01-31T-1:00:00Z",
                           "2026-01-31T+1:00:00Z",
                           "0x26-01-31T12:00:00Z",
                           "12026-01-31T12:00:00Z",
                           "2026-01-31T12:00:00.5"}) {
    EXPECT_FALSE(base::parse_time(text)) << text;
  }
}

TEST(Time, WhatIsWrittenIsReadBack) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> micros(at(0, 1, 1).time_since_epoch().count(),
                                                     at(9999, 12, 31).time_since_epoch().count());
  for (int i = 0; i < 10'000; ++i) {
    const Time time{std::chrono::microseconds(micros(random))};
    ASSERT_EQ(base::parse_time(base::format_micros(time)), time) << base::format_micros(time);
    ASSERT_EQ(base::parse_time(base::format_seconds(time)),
              std::chrono::floor<std::chrono::seconds>(time));
  }
}

}  // namespace
