#include "cli/terminal/output.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(Output, ColumnsAreAsWideAsWhatIsInThem) {
  EXPECT_EQ(table({{"NAME", "AGE", "MESSAGE"}, {"a", "12d", ""}, {"größe", "5s", "why so"}}),
            "NAME    AGE   MESSAGE\n"
            "a       12d\n"
            "größe   5s    why so\n");
}

TEST(Output, ATableHasNoCharactersThatATerminalObeys) {
  EXPECT_EQ(table({{"\x1b]0;x\x07"}}), "?]0;x?\n");
  EXPECT_EQ(table({{"\x9b", "b"}, {"a", "b"}}), "?   b\na   b\n");
}

TEST(Output, AgesAreThoseOfKubectl) {
  using std::chrono::seconds;
  const std::pair<long, const char*> cases[] = {
      {-5, "0s"},       {0, "0s"},         {119, "119s"},    {120, "2m"},     {330, "5m30s"},
      {600, "10m"},     {10799, "179m"},   {10800, "3h"},    {11100, "3h5m"}, {28800, "8h"},
      {172799, "47h"},  {172800, "2d"},    {176400, "2d1h"}, {691200, "8d"},  {62985600, "729d"},
      {63072000, "2y"}, {63158400, "2y1d"}};
  for (const auto& [duration, expected] : cases) EXPECT_EQ(age(seconds(duration)), expected);
}

TEST(Output, AWordIsQuotedForTheShell) {
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
}

TEST(Output, ManagedFieldsAreNotPrinted) {
  const auto object =
      json::Document::parse(R"({"kind":"X","metadata":{"name":"a","managedFields":[]}})");
  EXPECT_EQ(print_object(object->root(), Output::kYaml), "kind: X\nmetadata:\n  name: a\n");
}

}  // namespace
}  // namespace cli
