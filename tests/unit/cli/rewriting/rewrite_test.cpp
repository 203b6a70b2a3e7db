#include "cli/rewriting/rewrite.h"

#include <gmock/gmock.h>

#include <sstream>
#include <string>

#include "base/limits.h"
#include "unit/cli/rewriting/rewritten.h"

namespace cli {
namespace {

using testing::StartsWith;

TEST(Rewrite, WarningsAreKeptUpToABound) {
  std::string text;
  for (std::size_t i = 0; i < limits::kRewriteWarnings + 7; ++i) text += "- org/frontend\n";
  json::TextSource source(text);
  std::ostringstream output;
  const auto report = rewrite_text(source, rewriter(), output);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->warnings.size(), limits::kRewriteWarnings);
  EXPECT_EQ(report->more_warnings, 7U);
  EXPECT_EQ(output.str(), text);
}

TEST(Rewrite, JsonIsRewrittenToo) {
  EXPECT_EQ(rewritten("{\"image\":\"backend\",\"a\":[\"org\\/frontend:1\",\"backend\"]}"),
            "{\"image\":\"localhost:31234/library/backend\",\"a\":"
            "[\"localhost:31234/org/frontend:1\",\"backend\"]}");
  EXPECT_EQ(
      rewritten("{\"whale\":\"\\ud83d\\udc33\",\"image\":\"backend\"}\n{\"image\":\"backend\"}"),
      "{\"whale\":\"\\ud83d\\udc33\",\"image\":\"localhost:31234/library/backend\"}\n"
      "{\"image\":\"localhost:31234/library/backend\"}");
}

TEST(Rewrite, YamlThatBeginsAsJsonDoesIsYaml) {
  EXPECT_EQ(rewritten("{image: backend}\n---\n{\"image\": 'backend'}\n"),
            "{image: localhost:31234/library/backend}\n---\n"
            "{\"image\": 'localhost:31234/library/backend'}\n");
  EXPECT_EQ(rewritten("[org/frontend:1, # comment\n org/frontend:2]"),
            "[localhost:31234/org/frontend:1, # comment\n localhost:31234/org/frontend:2]");
}

TEST(Rewrite, ABrokenDocumentLeavesNothingWritten) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "image: backend\n---\n";
  EXPECT_THAT(rewritten(text + "image: [backend"), StartsWith("Malformed: YAML at line 20001, "));
  EXPECT_THAT(rewritten(text + "image: 'a\xff'\n"),
              StartsWith("Malformed: YAML at line 20001, column 10: not UTF-8"));
  EXPECT_THAT(rewritten("{\"image\":\"backend\""),
              StartsWith("Malformed: YAML at line 1, column "));
}

TEST(Rewrite, RewritingTwiceChangesNothing) {
  const std::string text = "image: backend\nimages: ['org/frontend:1', {image: backend}]\n";
  const std::string once = rewritten(text);
  EXPECT_NE(once, text);
  EXPECT_EQ(rewritten(once), once);
}

TEST(Rewrite, ATextWithoutReferencesComesOutUnchanged) {
  for (const char* text : {"", "\n", "# only a comment", "a: 1\r\n\r\n", "---\n...\n---\n", "{}"}) {
    EXPECT_EQ(rewritten(text), text);
  }
}

TEST(Rewrite, SaysHowManyValuesItChanged) {
  json::TextSource source("image: backend\nother: [org/frontend:1, x]\n");
  std::ostringstream output;
  const auto report = rewrite_text(source, rewriter(), output);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->edits, 2U);
}

TEST(Rewrite, AnOutputThatTakesNothingIsAnError) {
  json::TextSource source("image: backend\n");
  std::ostringstream output;
  output.setstate(std::ios::badbit);
  const auto count = rewrite_text(source, rewriter(), output);
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().message,
            "cannot write the rewritten text, so the output is incomplete: check the disk, or the "
            "program that reads the pipe");
}

// Changing is a text that changes as soon as some output has been written.
class Changing final : public json::ByteSource, public std::stringbuf {
 public:
  explicit Changing(std::string after) : after_(std::move(after)) {}

  static std::string before() {
    return "image: backend\n#" + std::string(100'000, ' ') + "\nimage: 'backend'\n";
  }

  base::Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) override {
    const std::string text = str().empty() ? before() : after_;
    return json::TextSource(text).read(offset, buffer, size);
  }

 private:
  std::string after_;
};

TEST(Rewrite, ATextThatChangesBetweenTheReadingsIsAnError) {
  const std::string text = Changing::before();
  std::string moved = text;
  moved.insert(text.size() - 10, " ");
  for (const std::string& after :
       {moved, text.substr(0, 90'000), text.substr(0, text.size() - 4)}) {
    Changing changing(after);
    std::ostream output(&changing);
    const auto result = rewrite_text(changing, rewriter(), output);
    ASSERT_FALSE(result);
    EXPECT_EQ(
        result.error().message,
        "the input changed while it was rewritten: discard the output and run the command again");
  }
  Changing same(text);
  std::ostream output(&same);
  EXPECT_TRUE(rewrite_text(same, rewriter(), output));
}

TEST(Rewrite, MoreReferencesThanAreKeptAreFoundASecondTime) {
  constexpr std::size_t kReferences = limits::kRewriteMemoryBytes / 32;
  std::string text;
  std::string expected;
  for (std::size_t i = 0; i < kReferences; ++i) {
    text += "- org/frontend:1\n";
    expected += "- localhost:31234/org/frontend:1\n";
  }
  EXPECT_TRUE(rewritten(text) == expected);
}

}  // namespace
}  // namespace cli
