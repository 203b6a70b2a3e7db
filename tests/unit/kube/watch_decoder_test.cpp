#include "kube/watch/watch_decoder.h"

#include <gtest/gtest.h>

namespace kube {
namespace {

std::vector<std::string> lines_of(LineSplitter& lines) {
  std::vector<std::string> all;
  while (auto line = lines.next()) all.push_back(*line ? **line : "too large");
  return all;
}

using Lines = std::vector<std::string>;

TEST(LineSplitter, GivesWholeLinesHoweverTheBytesAreCut) {
  const std::string bytes = "{\"a\":1}\n{\"b\":2}\n\n{\"c\":3}\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    LineSplitter lines;
    Lines all;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      lines.feed(bytes.substr(at, step));
      for (const std::string& line : lines_of(lines)) all.push_back(line);
    }
    EXPECT_EQ(all, (Lines{"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"})) << step;
    EXPECT_EQ(lines.unfinished(), 0U);
  }
}

TEST(LineSplitter, WaitsForTheEndOfALine) {
  LineSplitter lines;
  lines.feed("abc");
  EXPECT_FALSE(lines.next());
  EXPECT_EQ(lines.unfinished(), 3U);
  lines.feed("def\ngh");
  EXPECT_EQ(lines_of(lines), Lines{"abcdef"});
  EXPECT_EQ(lines.unfinished(), 2U);
}

TEST(LineSplitter, ALineThatIsTooLongIsReportedOnceAndLeftOut) {
  for (std::size_t step = 1; step <= 30; ++step) {
    LineSplitter lines(5);
    const std::string bytes = "ab\n123456789012\ncd\n12345\n123456\n";
    Lines all;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      lines.feed(bytes.substr(at, step));
      for (const std::string& line : lines_of(lines)) all.push_back(line);
      EXPECT_LE(lines.unfinished(), 5U);
    }
    EXPECT_EQ(all, (Lines{"ab", "too large", "cd", "12345", "too large"})) << step;
  }
}

TEST(LineSplitter, ALineWithoutEndDoesNotFillTheMemory) {
  LineSplitter lines(1000);
  const std::string chunk(600, 'x');
  for (int i = 0; i < 1000; ++i) {
    lines.feed(chunk);
    EXPECT_FALSE(lines.next());
    EXPECT_LE(lines.unfinished(), 1000U);
  }
}

TEST(WatchEvent, HasATypeAndAnObject) {
  const auto event =
      WatchEvent::parse(R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"7"}}})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type(), WatchEventType::kAdded);
  EXPECT_EQ(event->resource_version(), "7");
  EXPECT_FALSE(event->ends_initial_events());
}

TEST(WatchEvent, ABookmarkMayEndTheInitialEvents) {
  const auto end = WatchEvent::parse(
      R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7",
          "annotations":{"k8s.io/initial-events-end":"true"}}}})");
  EXPECT_TRUE(end->ends_initial_events());
  const auto other =
      WatchEvent::parse(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}})");
  EXPECT_FALSE(other->ends_initial_events());
  const auto disguised = WatchEvent::parse(
      R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"7",
          "annotations":{"k8s.io/initial-events-end":"true"}}}})");
  EXPECT_FALSE(disguised->ends_initial_events());
}

TEST(WatchEvent, WhatIsNoEventIsMalformed) {
  for (const char* line : {"", "null", "[]", "{}", R"({"type":"ADDED"})",
                           R"({"type":7,"object":{}})", R"({"type":"ADDED","object":[]})",
                           R"({"type":"RENAMED","object":{}})", R"({"type":"ADD)"}) {
    const auto event = WatchEvent::parse(line);
    ASSERT_FALSE(event) << line;
    EXPECT_EQ(event.error().code, base::ErrorCode::kMalformed) << line;
  }
}

TEST(WatchEvent, MetadataOfAWrongTypeHasNoVersion) {
  EXPECT_EQ(WatchEvent::parse(R"({"type":"ADDED","object":{"metadata":7}})")->resource_version(),
            "");
}

}  // namespace
}  // namespace kube
