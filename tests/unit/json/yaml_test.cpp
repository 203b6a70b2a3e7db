#include "json/text/yaml.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "base/limits.h"
#include "json/value.h"

namespace {

using base::ErrorCode;

std::string convert(const std::string& yaml) {
  const auto result = json::from_yaml(yaml);
  return result ? *result : to_string(result.error());
}

ErrorCode failure(const std::string& yaml) {
  const auto result = json::from_yaml(yaml);
  return result ? ErrorCode::kInternal : result.error().code;
}

TEST(Yaml, BecomesJson) {
  EXPECT_EQ(convert("a: 1\nb:\n- x\n- {c: d}\n"), R"({"a":1,"b":["x",{"c":"d"}]})");
  EXPECT_EQ(convert("{\"a\": [1, 2.5, null, true]}"), R"({"a":[1,2.5,null,true]})");
  EXPECT_EQ(convert(""), "null");
  EXPECT_EQ(convert("# only a comment\n"), "null");
  EXPECT_EQ(convert("---\na: b\n...\n"), R"({"a":"b"})");
}

TEST(Yaml, PlainScalarsHaveTheTypesOfTheCoreSchema) {
  const std::pair<const char*, const char*> cases[] = {
      {"~", "null"},
      {"null", "null"},
      {"", "null"},
      {"true", "true"},
      {"False", "false"},
      {"TRUE", "true"},
      {"yes", "\"yes\""},
      {"no", "\"no\""},
      {"on", "\"on\""},
      {"5", "5"},
      {"-5", "-5"},
      {"+5", "5"},
      {"+-5", "\"+-5\""},
      {"0", "0"},
      {"1.5", "1.5"},
      {"-.5", "-0.5"},
      {"1e3", "1000.0"},
      {"1.2.3", "\"1.2.3\""},
      {"-", "[null]"},
      {"0x1F", "\"0x1F\""},
      {".inf", "\".inf\""},
      {".nan", "\".nan\""},
      {"inf", "\"inf\""},
      {"-inf", "\"-inf\""},
      {"1_000", "\"1_000\""},
      {"5Gi", "\"5Gi\""},
      {"1e999", "\"1e999\""},
      {"9223372036854775807", "9223372036854775807"},
      {"2026-01-31", "\"2026-01-31\""},
      {"12:30", "\"12:30\""},
  };
  for (const auto& [yaml, json] : cases) {
    EXPECT_EQ(convert("a: " + std::string(yaml == std::string("-") ? "\n- " : yaml)),
              "{\"a\":" + std::string(json) + "}")
        << yaml;
  }
}

TEST(Yaml, QuotedScalarsAreStrings) {
  EXPECT_EQ(convert("['5', \"true\", '~', \"a\\tb\", 'it''s', \"\\u00e4\"]"),
            "[\"5\",\"true\",\"~\",\"a\\tb\",\"it's\",\"ä\"]");
  EXPECT_EQ(convert("a: |\n  5\nb: >-\n  x\n  y\n"), R"({"a":"5\n","b":"x y"})");
  EXPECT_EQ(convert("'5': '6'"), R"({"5":"6"})");
}

TEST(Yaml, TagsSayTheType) {
  EXPECT_EQ(convert("[!!str 5, !!int 5, !!bool true, !!null ~, !!float 1.5, !own x]"),
            R"(["5",5,true,null,1.5,"x"])");
}

TEST(Yaml, KeysAreScalars) {
  EXPECT_EQ(convert("5: a\ntrue: b\n"), R"({"5":"a","true":"b"})");
  EXPECT_EQ(failure("? [a, b]\n: c\n"), ErrorCode::kMalformed);
  EXPECT_EQ(failure("? {a: b}\n: c\n"), ErrorCode::kMalformed);
}

TEST(Yaml, AliasesAreExpanded) {
  EXPECT_EQ(convert("a: &x {b: 1}\nc: *x\nd: [*x, *x]\n"),
            R"({"a":{"b":1},"c":{"b":1},"d":[{"b":1},{"b":1}]})");
  EXPECT_EQ(failure("a: *missing\n"), ErrorCode::kMalformed);
}

TEST(Yaml, MoreThanOneDocumentIsRefused) {
  EXPECT_EQ(failure("a: 1\n---\nb: 2\n"), ErrorCode::kMalformed);
  EXPECT_EQ(convert("a: 1\n---\n"), R"({"a":1})");
  EXPECT_EQ(failure("---\n---\na: 1\n"), ErrorCode::kMalformed);
}

TEST(Yaml, WhatIsNotUtf8IsRefused) {
  EXPECT_EQ(failure("a: 'x\xff'\n"), ErrorCode::kMalformed);
  EXPECT_EQ(failure("\xc3(: 1\n"), ErrorCode::kMalformed);
  EXPECT_EQ(convert("\xEF\xBB\xBF"
                    "a: ä\n"),
            "{\"a\":\"ä\"}");
}

TEST(Yaml, AQuoteThatIsNeverClosedIsRefused) {
  for (const char* yaml : {"a: \"ghcr.io\nb: 1\n", "a: 'x\nb: 1", "a: [\"x", "\"", "a: \"x\\\""}) {
    const auto json = json::from_yaml(yaml);
    ASSERT_FALSE(json) << yaml;
    EXPECT_NE(json.error().message.find("line"), std::string::npos) << json.error().message;
  }
  EXPECT_TRUE(json::from_yaml("a: \"x\ny\"\nb: it's\n"));
}

TEST(Yaml, AnErrorNamesLineAndColumn) {
  const auto result = json::from_yaml("a: 1\nb: [1, 2\nc: 3\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kMalformed);
  EXPECT_TRUE(result.error().message.starts_with("YAML at line 3, column "))
      << result.error().message;
  for (const char* yaml : {"a: b: c", "\ta: 1", "a: 'x", "a: \"\\q\"", "[1, 2", "{a: 1", "&",
                           "a: @x", "a: 1\n b: 2"}) {
    EXPECT_EQ(failure(yaml), ErrorCode::kMalformed) << yaml;
  }
}

class Timed : public testing::Test {
 protected:
  void TearDown() override { EXPECT_LT(std::chrono::steady_clock::now() - start_, kMost); }

 private:
  static constexpr auto kMost = std::chrono::seconds(20);  // with sanitizers, on a busy machine
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

using YamlBounds = Timed;

TEST_F(YamlBounds, ABillionLaughsAreTooLarge) {
  std::string yaml = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) yaml += (j > 0 ? "," : "") + last + " ";
    yaml += "]\n";
  }
  EXPECT_EQ(failure(yaml), ErrorCode::kTooLarge);
}

TEST_F(YamlBounds, ALongStringThatIsRepeatedByAliasesIsTooLarge) {
  std::string yaml = "a: &a " + std::string(1'000'000, 'x') + "\nb: [*a";
  for (int i = 0; i < 50'000; ++i) yaml += ",*a ";
  EXPECT_EQ(failure(yaml + "]\n"), ErrorCode::kTooLarge);
  yaml = "a: &a " + std::string(1000, 'x') + "\nb: [";
  for (int i = 0; i < 100'000; ++i) yaml += "{*a : 1},";
  EXPECT_NE(failure(yaml + "]\n"), ErrorCode::kInternal);
}

TEST_F(YamlBounds, AnAliasOfItselfIsTooLarge) {
  EXPECT_EQ(failure("a: &a [*a]\n"), ErrorCode::kTooLarge);
  EXPECT_EQ(failure("a: &a [*a, *a]\n"), ErrorCode::kTooLarge);
  EXPECT_EQ(failure("&a {b: *a}\n"), ErrorCode::kTooLarge);
}

TEST_F(YamlBounds, MoreBytesThanTheBoundAreTooLarge) {
  EXPECT_EQ(failure("a: " + std::string(limits::kYamlBytes, 'x')), ErrorCode::kTooLarge);
}

TEST_F(YamlBounds, MoreValuesThanTheBoundAreTooLarge) {
  std::string yaml = "[";
  for (std::size_t i = 0; i < limits::kYamlNodes; ++i) yaml += "1,";
  EXPECT_EQ(failure(yaml + "1]"), ErrorCode::kTooLarge);
}

TEST_F(YamlBounds, DeepNestingIsRefused) {
  std::string yaml;
  for (int i = 0; i < 100; ++i) yaml += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(failure(yaml), ErrorCode::kTooLarge);
  for (const char* open : {"[", "{a: ", "- ", "? ", "{", "[{"}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += open;
    EXPECT_NE(failure(deep), ErrorCode::kInternal) << open;
  }
}

TEST_F(YamlBounds, ATextThatYamlCppReadsAsDocumentsWithoutEndIsRefused) {
  EXPECT_EQ(failure(",: a\nb: c\n"), ErrorCode::kMalformed);
}

TEST_F(YamlBounds, MangledTextIsRefusedOrValid) {
  const std::string yaml = "a: &x {b: 'c', \"d\": [1, ~]}\ne: |\n  text\nf: *x\n# end\n";
  std::mt19937_64 random(5);
  for (int i = 0; i < 3'000; ++i) {
    std::string mangled = yaml;
    for (std::uint64_t changes = random() % 4 + 1; changes > 0; --changes) {
      mangled[random() % mangled.size()] = random() % 2 == 0
                                               ? "&*[]{}:-?|>'\"\n\t #!%@,"[random() % 21]
                                               : static_cast<char>(random());
    }
    const auto result = json::from_yaml(mangled);
    if (result) {
      ASSERT_TRUE(json::Document::parse(*result)) << mangled << "\n" << *result;
    }
  }
}

}  // namespace
