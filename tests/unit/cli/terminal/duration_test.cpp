#include "cli/terminal/duration.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

using std::chrono::milliseconds;

TEST(Duration, IsReadAsKubectlReadsIt) {
  const std::pair<const char*, milliseconds> cases[] = {
      {"30", milliseconds(30'000)},           {"0", milliseconds(0)},
      {"90s", milliseconds(90'000)},          {"1m30s", milliseconds(90'000)},
      {"500ms", milliseconds(500)},           {"2h", milliseconds(7'200'000)},
      {"1h1m1s1ms", milliseconds(3'661'001)}, {"0s", milliseconds(0)}};
  for (const auto& [text, expected] : cases) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(*duration, expected) << text;
  }
}

TEST(Duration, EverythingElseIsRefused) {
  for (const char* text : {"", "s", "5x", "-1s", "-1", "1s2", "1 s", "1.5s", "200h", "1d",
                           "99999999999999999999s", "9223372036854775807h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

}  // namespace
}  // namespace cli
