#include "base/text/quote.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace base {
namespace {

TEST(Quote, ControlCharactersDoNotReachTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\nc\td\x7f"), "a?[31mb c d?");
}

TEST(Quote, CharactersThatATerminalObeysAreNotPrintedInAnyEncoding) {
  EXPECT_EQ(printable("a\u009b31mb\u0085c"), "a?31mb?c");
  EXPECT_EQ(printable("a\x9b"
                      "31m\xc2"),
            "a?31m?");
  EXPECT_EQ(printable("\xc0\x9b \xe0\x82\x9b \xed\xa0\x80 \xf7\xbf\xbf\xbf"), "?? ??? ??? ????");
  EXPECT_EQ(printable("x\u202ey\u2066z\u2028\u2029\u200f\u061c\ufeff"), "x?y?z?????");
  EXPECT_EQ(printable("größe 🙂 日本 \u00a0"), "größe 🙂 日本 \u00a0");
}

TEST(Quote, AShortValueIsShownWhole) {
  for (const std::string value :
       {"dev", "my first cluster", "arn:aws:eks:eu-west-1:111122223333:cluster/dev",
        "team/api-dev:6443/kube:admin", "R&D", "größe", "", "localhost:5000/app:1"}) {
    EXPECT_EQ(shown(value), value);
    EXPECT_EQ(base::quoted(value), "'" + value + "'");
  }
}

TEST(Quote, ALongValueIsCutBetweenCharacters) {
  const std::size_t most = limits::kShownCharacters;
  std::string exact;
  for (std::size_t i = 0; i < most; ++i) exact += "ö";
  EXPECT_EQ(shown(exact), exact);
  EXPECT_EQ(shown(exact + "x"), exact + "…");
  EXPECT_EQ(shown(std::string(10'000, 'x')), std::string(most, 'x') + "…");
}

TEST(Quote, AValueEndsWhereItsLineEnds) {
  EXPECT_EQ(shown("dev\ntoken"), "dev…");
  EXPECT_EQ(shown("dev\r\ntoken"), "dev…");
  EXPECT_EQ(shown("\ntoken"), "…");
}

// YAML replaces line breaks inside quotes by spaces.
TEST(Quote, AValueWhoseQuoteIsLeftOpenDoesNotShowWhatFollows) {
  EXPECT_EQ(shown("dev users: - name: u user: token: s3cret"), "dev…");
  EXPECT_EQ(shown("my cluster users:"), "my cluster…");
  EXPECT_EQ(shown("dev token:s3cret"), "dev…");
  EXPECT_EQ(shown(" token:s3cret"), "…");
  EXPECT_EQ(shown("token: s3cret"), "token…");
  EXPECT_EQ(shown("dev:"), "dev:");
}

TEST(Quote, AReportIsOneLineAndBounded) {
  EXPECT_EQ(reported("  denied:\nask the owner \n"), "denied: ask the owner");
  EXPECT_EQ(reported(" \n"), "");
  const std::string cut = reported(std::string(100'000, 'x'));
  EXPECT_EQ(cut, std::string(limits::kReportCharacters, 'x') + "…");
}

TEST(Quote, ALineIsCutBetweenCharacters) {
  EXPECT_EQ(cut_line("short", 5), "short");
  EXPECT_EQ(cut_line("two\nlines", 20), "two lines");
  EXPECT_EQ(cut_line("longer text", 10), "longer …");
  EXPECT_EQ(cut_line("äöü€", 8), "äö…");
  EXPECT_EQ(cut_line("abc", 2), "ab");
  for (std::size_t most = 0; most < 40; ++most) {
    const std::string cut = cut_line("€€€€€€€€€€€€€€", most);
    EXPECT_LE(cut.size(), most);
    EXPECT_EQ(cut.size() % 3, 0U);
    EXPECT_EQ(printable(cut), cut);
  }
}

}  // namespace
}  // namespace base
