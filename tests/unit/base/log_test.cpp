#include "base/log.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace {

using base::format_log_line;
using base::LogFormat;

// Bytes that could end a line or a string, or control a terminal.
const std::string kHostile("a\"b\\c\nd\re\tf\0g\x1b[31m\x7f=", 20);

// Reads a JSON string strictly and returns its value, or nothing if the text is not valid.
std::optional<std::string> read_json_string(std::string_view& rest) {
  if (rest.empty() || rest.front() != '"') return std::nullopt;
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    const char character = rest[i];
    if (static_cast<unsigned char>(character) < 0x20) return std::nullopt;
    if (character == '"') {
      rest.remove_prefix(i + 1);
      return value;
    }
    if (character != '\\') {
      value += character;
      continue;
    }
    if (++i == rest.size()) return std::nullopt;
    switch (rest[i]) {
      case '"':
      case '\\':
      case '/': value += rest[i]; break;
      case 'n': value += '\n'; break;
      case 'r': value += '\r'; break;
      case 't': value += '\t'; break;
      case 'u':
        value += static_cast<char>(std::stoi(std::string(rest.substr(i + 1, 4)), nullptr, 16));
        i += 4;
        break;
      default: return std::nullopt;
    }
  }
  return std::nullopt;
}

TEST(LogText, IsTheMessageAndThePairs) {
  EXPECT_EQ(format_log_line(LogFormat::kText, "created", {{"key", "default/a"}, {"port", "31000"}}),
            "created key=default/a port=31000");
  EXPECT_EQ(format_log_line(LogFormat::kText, "stopped", {}), "stopped");
}

TEST(LogText, QuotesValuesThatCouldBeMisread) {
  EXPECT_EQ(format_log_line(LogFormat::kText, "m", {{"k", ""}}), "m k=\"\"");
  EXPECT_EQ(format_log_line(LogFormat::kText, "m", {{"k", "two words"}}), "m k=\"two words\"");
  EXPECT_EQ(format_log_line(LogFormat::kText, "m", {{"k", "a=b"}}), "m k=\"a=b\"");
  EXPECT_EQ(format_log_line(LogFormat::kText, "m", {{"k", "say \"hi\""}}),
            "m k=\"say \\\"hi\\\"\"");
  EXPECT_EQ(format_log_line(LogFormat::kText, "m", {{"k", "a\nb"}}), "m k=\"a\\nb\"");
}

TEST(LogText, HostileValuesAndMessagesStayOnTheirLine) {
  const std::string line =
      format_log_line(LogFormat::kText, kHostile, {{"key", kHostile}, {"other", "fine"}});
  for (const char character : line) {
    EXPECT_GE(static_cast<unsigned char>(character), 0x20) << line;
    EXPECT_NE(character, '\x7f') << line;
  }
  EXPECT_EQ(format_log_line(LogFormat::kText,
                            "a\xc2\x9b"
                            "2Jb",
                            {}),
            "a\\u009b2Jb");
}

TEST(LogText, UnicodeIsUnchanged) {
  EXPECT_EQ(format_log_line(LogFormat::kText, "m", {{"k", "größe"}}), "m k=größe");
}

TEST(LogJson, IsOneObjectsMembers) {
  EXPECT_EQ(format_log_line(LogFormat::kJson, "created", {{"key", "default/a"}}),
            "\"msg\":\"created\",\"key\":\"default/a\"");
}

TEST(LogJson, HostileValuesAreReadBackAsTheyWere) {
  const std::string line = format_log_line(LogFormat::kJson, kHostile, {{"key", kHostile}});
  std::string_view rest = line;
  EXPECT_EQ(read_json_string(rest), "msg");
  ASSERT_TRUE(rest.starts_with(':'));
  rest.remove_prefix(1);
  EXPECT_EQ(read_json_string(rest), kHostile);
  rest.remove_prefix(1);
  EXPECT_EQ(read_json_string(rest), "key");
  rest.remove_prefix(1);
  EXPECT_EQ(read_json_string(rest), kHostile);
  EXPECT_TRUE(rest.empty());
}

TEST(LogJson, IsValidForAnyBytes) {
  std::mt19937_64 random(3);
  std::uniform_int_distribution<int> byte(0, 255);
  for (int i = 0; i < 1'000; ++i) {
    std::string value;
    for (int length = byte(random) % 20; length > 0; --length) {
      value += static_cast<char>(byte(random));
    }
    const std::string line = format_log_line(LogFormat::kJson, value, {});
    std::string_view rest = std::string_view(line).substr(6);
    EXPECT_TRUE(read_json_string(rest)) << line;
    EXPECT_TRUE(rest.empty()) << line;
  }
}

TEST(LogJson, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(format_log_line(LogFormat::kJson, "a\xff\xc3(b", {}),
            "\"msg\":\"a\xEF\xBF\xBD\xEF\xBF\xBD(b\"");
  EXPECT_EQ(format_log_line(LogFormat::kText, "m", {{"k", "\xff"}}), "m k=\xEF\xBF\xBD");
  EXPECT_EQ(format_log_line(LogFormat::kJson, "größe 💾", {}), "\"msg\":\"größe 💾\"");
}

TEST(Log, LevelsAndFormatsAreReadFromTheWordsOfTheFlags) {
  EXPECT_EQ(base::parse_log_level("debug"), base::LogLevel::kDebug);
  EXPECT_EQ(base::parse_log_level("info"), base::LogLevel::kInfo);
  EXPECT_EQ(base::parse_log_level("warn"), base::LogLevel::kWarning);
  EXPECT_EQ(base::parse_log_level("error"), base::LogLevel::kError);
  EXPECT_FALSE(base::parse_log_level("warning"));
  EXPECT_FALSE(base::parse_log_level("INFO"));
  EXPECT_FALSE(base::parse_log_level(""));
  EXPECT_EQ(base::parse_log_format("text"), LogFormat::kText);
  EXPECT_EQ(base::parse_log_format("json"), LogFormat::kJson);
  EXPECT_FALSE(base::parse_log_format("yaml"));
}

TEST(Log, WritesWholeLinesWithTimeAndLevelToStandardError) {
  testing::internal::CaptureStderr();
  {
    base::Logger logger(base::LogLevel::kInfo, LogFormat::kText);
    logger.debug("not written");
    logger.info("started", {{"version", "1"}});
    logger.error("failed {} %s", {{"why", "a {brace}"}});
  }
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.substr(24, text.find('\n') - 24), " info    started version=1");
  EXPECT_EQ(text.find("not written"), std::string::npos);
  EXPECT_NE(text.find("error   failed {} %s why=\"a {brace}\"\n"), std::string::npos);
}

TEST(Log, WritesJsonLinesToStandardError) {
  testing::internal::CaptureStderr();
  {
    base::Logger logger(base::LogLevel::kDebug, LogFormat::kJson);
    logger.warning("100% \"done\"", {{"key", "a\nb"}});
  }
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.substr(0, 9), "{\"time\":\"");
  EXPECT_EQ(text.substr(text.find("\"level\"")),
            "\"level\":\"warning\",\"msg\":\"100% \\\"done\\\"\",\"key\":\"a\\nb\"}\n");
}

TEST(Log, ASilentLoggerWritesNothing) {
  testing::internal::CaptureStderr();
  base::Logger logger = base::Logger::silent();
  logger.error("nobody hears this");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
