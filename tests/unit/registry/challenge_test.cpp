#include "registry/challenge.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace {

using registry::Challenge;
using registry::parse_challenges;
using Challenges = std::vector<Challenge>;

TEST(Challenges, BearerHasRealmServiceAndScope) {
  const auto found =
      parse_challenges(R"(Bearer realm="https://auth.test/token",service="registry.test",)"
                       R"(scope="repository:org/app:pull,push")");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].scheme, "bearer");
  EXPECT_EQ(found[0].parameter("realm"), "https://auth.test/token");
  EXPECT_EQ(found[0].parameter("service"), "registry.test");
  EXPECT_EQ(found[0].parameter("scope"), "repository:org/app:pull,push");
  EXPECT_EQ(found[0].parameter("error"), "");
}

TEST(Challenges, NamesOfSchemesAndParametersHaveNoCase) {
  EXPECT_EQ(parse_challenges("BASIC Realm=x"), (Challenges{{"basic", {{"realm", "x"}}}}));
}

TEST(Challenges, SeveralMayBeInOneHeader) {
  EXPECT_EQ(parse_challenges(R"(Basic realm="a, b" , Bearer realm="c",service=d, Negotiate)"),
            (Challenges{{"basic", {{"realm", "a, b"}}},
                        {"bearer", {{"realm", "c"}, {"service", "d"}}},
                        {"negotiate", {}}}));
}

TEST(Challenges, AQuotedStringMayHoldQuotesAndBackslashes) {
  EXPECT_EQ(parse_challenges(R"(Basic realm="a \"b\" \\ c")"),
            (Challenges{{"basic", {{"realm", R"(a "b" \ c)"}}}}));
  EXPECT_EQ(parse_challenges(R"(Basic realm="")"), (Challenges{{"basic", {{"realm", ""}}}}));
}

TEST(Challenges, WhiteSpaceAndEmptyElementsDoNotMatter) {
  EXPECT_EQ(parse_challenges(",, Bearer  realm = \"a\" ,\t, service\t=b,"),
            (Challenges{{"bearer", {{"realm", "a"}, {"service", "b"}}}}));
}

TEST(Challenges, ASchemeMayHaveATokenInsteadOfParameters) {
  EXPECT_EQ(parse_challenges("Negotiate YII+/abc==, Basic realm=x"),
            (Challenges{{"negotiate", {}}, {"basic", {{"realm", "x"}}}}));
}

TEST(Challenges, ASchemeMayStandAlone) {
  EXPECT_EQ(parse_challenges("Negotiate"), (Challenges{{"negotiate", {}}}));
  EXPECT_EQ(parse_challenges("Negotiate, NTLM"), (Challenges{{"negotiate", {}}, {"ntlm", {}}}));
}

TEST(Challenges, TheFirstOfTwoParametersOfOneNameCounts) {
  const auto found = parse_challenges("Bearer realm=a, realm=b");
  EXPECT_EQ(found.at(0).parameter("realm"), "a");
}

TEST(Challenges, NonsenseEndsTheListAndKeepsWhatCameBefore) {
  EXPECT_EQ(parse_challenges(R"(Basic realm="x", "nonsense")"),
            (Challenges{{"basic", {{"realm", "x"}}}}));
  EXPECT_EQ(parse_challenges(R"(Basic realm="never ends)"), (Challenges{{"basic", {}}}));
  for (const std::string_view text : {"", " ", ",,,", "\"", "=", "=a", "(Bearer)", "\x80"}) {
    EXPECT_TRUE(parse_challenges(text).empty()) << text;
  }
}

TEST(Challenges, AreNotWithoutNumber) {
  std::string many;
  for (std::size_t i = 0; i < 10 * limits::kChallenges; ++i) many += "Basic realm=x,";
  EXPECT_EQ(parse_challenges(many).size(), limits::kChallenges);
}

TEST(Challenges, AnyBytesAreReadWithoutHarm) {
  std::uint32_t state = 1;
  const std::string_view alphabet = "Bearer =,\"\\ \t:/x\x01\xff";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (int i = 0; i < 24; ++i) {
      state = state * 1664525U + 1013904223U;
      text += alphabet[(state >> 16) % alphabet.size()];
    }
    EXPECT_LE(parse_challenges(text).size(), limits::kChallenges);
  }
}

}  // namespace
