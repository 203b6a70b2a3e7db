#include "json/text/scalars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/limits.h"
#include "unit/json/replacing.h"

namespace {

using base::ErrorCode;
using json::Edit;
using json::Scalar;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using testing_json::replace_words;
using testing_json::Scan;

// Returns the text with every value `from` replaced by `to`, or the error.
std::string replaced(Scan scan, const std::string& text, const std::string& from,
                     const std::string& to) {
  json::TextSource source(text);
  std::string out;
  std::uint64_t done = 0;
  const auto result = replace_words(
      scan, source,
      [&](const Scalar& scalar) { return scalar.value == from ? std::optional(to) : std::nullopt; },
      [&](const Edit& edit) -> base::Result<void> {
        out += text.substr(done, edit.begin - done) + edit.text;
        done = edit.end;
        return {};
      });
  return result ? out + text.substr(done) : to_string(result.error());
}

std::string yaml(const std::string& text, const std::string& to = "NEW/a:1") {
  return replaced(json::scan_yaml, text, "old/a", to);
}

std::string json_text(const std::string& text) {
  return replaced(json::scan_json, text, "old/a", "NEW/a:1");
}

base::Result<void> read(Scan scan, const std::string& text) {
  json::TextSource source(text);
  return replace_words(
      scan, source, [](const Scalar&) { return std::nullopt; },
      [](const Edit&) { return base::Result<void>(); });
}

std::string failure(const std::string& text) {
  const auto result = read(json::scan_yaml, text);
  return result ? "" : to_string(result.error());
}

// Returns the values that `replace` is called for, as "key=value".
std::vector<std::string> asked(Scan scan, const std::string& text) {
  json::TextSource source(text);
  std::vector<std::string> words;
  const auto result = replace_words(
      scan, source,
      [&](const Scalar& scalar) -> std::optional<std::string> {
        words.push_back(std::string(scalar.key) + "=" + std::string(scalar.value));
        return std::nullopt;
      },
      [](const Edit&) { return base::Result<void>(); });
  if (!result) words.push_back(to_string(result.error()));
  return words;
}

TEST(YamlEdits, ReplaceAValueInEachStyle) {
  EXPECT_EQ(yaml("a: old/a\n"), "a: NEW/a:1\n");
  EXPECT_EQ(yaml("a: 'old/a'\n"), "a: 'NEW/a:1'\n");
  EXPECT_EQ(yaml("a: \"old/a\"\n"), "a: \"NEW/a:1\"\n");
  EXPECT_EQ(yaml("a: |-\n  old/a\n"), "a: |-\n  NEW/a:1\n");
  EXPECT_EQ(yaml("a: |\n  old/a\nb: 1\n"), "a: |\n  NEW/a:1\nb: 1\n");
  EXPECT_EQ(yaml("a: >\n  old/a\n"), "a: >\n  NEW/a:1\n");
  EXPECT_EQ(yaml("a: >-\n\told/a\n"), failure("a: >-\n\told/a\n"));
  EXPECT_EQ(yaml("a: |2+ # comment old/a\n   old/a\n"), "a: |2+ # comment old/a\n   old/a\n");
  EXPECT_EQ(yaml("a: |+ # comment old/a\n   old/a\n\n\n"),
            "a: |+ # comment old/a\n   NEW/a:1\n\n\n");
  EXPECT_EQ(yaml("- old/a\n- - old/a"), "- NEW/a:1\n- - NEW/a:1");
  EXPECT_EQ(yaml("old/a"), "NEW/a:1");
  EXPECT_EQ(yaml("--- old/a\n--- 'old/a'\n...\n"), "--- NEW/a:1\n--- 'NEW/a:1'\n...\n");
  EXPECT_EQ(yaml("--- |\n old/a"), "--- |\n NEW/a:1");
}

TEST(YamlEdits, KeepEverythingElseToTheByte) {
  EXPECT_EQ(yaml("a:   old/a   # old/a\r\nb:\told/a\r\n"),
            "a:   NEW/a:1   # old/a\r\nb:\tNEW/a:1\r\n");
  EXPECT_EQ(yaml("\xEF\xBB\xBF"
                 "a: \xC3\xA4\nb: old/a # \xF0\x9F\x90\xB3\nc: old/a"),
            "\xEF\xBB\xBF"
            "a: \xC3\xA4\nb: NEW/a:1 # \xF0\x9F\x90\xB3\nc: NEW/a:1");
  EXPECT_EQ(yaml("a: old/a\rb: old/a\r"), "a: NEW/a:1\rb: NEW/a:1\r");
  EXPECT_EQ(yaml("{a: old/a, b: [old/a,'old/a'], \"c\":\"old/a\"}"),
            "{a: NEW/a:1, b: [NEW/a:1,'NEW/a:1'], \"c\":\"NEW/a:1\"}");
  EXPECT_EQ(yaml("a: |\r\n  old/a\r\nb: >-\r\n\r\n  old/a\r\n"),
            "a: |\r\n  NEW/a:1\r\nb: >-\r\n\r\n  old/a\r\n")
      << "an empty line first is part of the value";
  EXPECT_EQ(yaml("\xC2\x85- old/a\xE2\x80\xA8- old/a\xC2\x85"),
            "\xC2\x85- NEW/a:1\xE2\x80\xA8- NEW/a:1\xC2\x85");
}

TEST(YamlEdits, AnchorsAndTagsStayBeforeTheValue) {
  EXPECT_EQ(yaml("a: &x old/a\nb: *x\n"), "a: &x NEW/a:1\nb: *x\n");
  EXPECT_EQ(yaml("a: !!str &x 'old/a'"), "a: !!str &x 'NEW/a:1'");
  EXPECT_EQ(yaml("a: &x !<tag:yaml.org,2002:str> \"old/a\""),
            "a: &x !<tag:yaml.org,2002:str> \"NEW/a:1\"");
  EXPECT_EQ(yaml("a: !own # c: 'old/a'\n\n  # old/a\n  old/a # c"),
            "a: !own # c: 'old/a'\n\n  # old/a\n  NEW/a:1 # c");
  EXPECT_EQ(yaml("a: &old/a old/a\n"), failure("a: &old/a old/a\n"));
  EXPECT_EQ(yaml("a: &x |-\n  old/a\n"), "a: &x |-\n  NEW/a:1\n");
}

TEST(YamlEdits, SayWhichValuesAnAliasMayRepeat) {
  const std::string text =
      "a: &a 1\nb: 2\nc: &c {d: 3, e: {f: 4}, g: [5]}\nh: &h [6, {i: 7}]\n"
      "j: {&k k: 8, l: *a}\nm: 9\n";
  json::TextSource source(text);
  std::string anchored;
  const auto note = [&](const Scalar& scalar) -> std::optional<std::string> {
    if (scalar.is_anchored) anchored += scalar.value;
    return std::nullopt;
  };
  ASSERT_TRUE(replace_words(json::scan_yaml, source, note,
                            [](const Edit&) { return base::Result<void>(); }));
  EXPECT_EQ(anchored, "13");
}

TEST(YamlEdits, EscapesInsideTheQuotesGoWithTheValue) {
  EXPECT_EQ(yaml(R"(a: "old\/a")"), R"(a: "NEW/a:1")");
  EXPECT_EQ(yaml("a: \"\\u006fld\\\n  /a\" # c"), "a: \"NEW/a:1\" # c");
}

TEST(YamlEdits, KeysCommentsAliasesAndTextsStay) {
  for (const char* text :
       {"old/a: 1\n", "? old/a\n: 1\n", "? [old/a, {b: old/a}]\n: 1\n", "{old/a: 1}\n",
        "'old/a': 1\n", "# old/a\na: 1 # old/a\n", "a: x old/a\n", "a: old/a x\n",
        "a: |\n  old/a\n  x\n", "a: 'old/a '\n", "a: \" old/a\"\n", "a: old/a/b\n",
        "- &old 1\n- *old\n", "a: \"old/a\\n\"\n", "a: |\n  x\n  old/a\n", "a: |\n  - old/a\n",
        "a: |1\n   old/a\n"}) {
    EXPECT_EQ(yaml(text), text);
  }
  EXPECT_EQ(yaml("? old/a\n: old/a\n? x\n: [old/a]\n"), "? old/a\n: NEW/a:1\n? x\n: [NEW/a:1]\n");
  EXPECT_EQ(yaml("&a old/a: *a\nb: old/a\n"), "&a old/a: *a\nb: NEW/a:1\n");
  EXPECT_EQ(yaml("? &k [a]\n: old/a\n*k : old/a\n"), "? &k [a]\n: NEW/a:1\n*k : NEW/a:1\n");
}

TEST(YamlEdits, APlainValueIsQuotedWhereItHasToBe) {
  EXPECT_EQ(yaml("a: old/a", "[::1]:5000/a"), "a: \"[::1]:5000/a\"");
  EXPECT_EQ(yaml("[old/a]", "x/[1]"), "[\"x/[1]\"]");
  EXPECT_EQ(yaml("- old/a", "x/[1]"), "- x/[1]");
  EXPECT_EQ(yaml("a: 'old/a'", "[::1]:5000/a"), "a: '[::1]:5000/a'");
  EXPECT_EQ(yaml("a: old/a", "5"), "a: \"5\"");
  EXPECT_EQ(yaml("a: old/a", "a/b:"), "a: \"a/b:\"");
}

TEST(YamlEdits, AreAskedForWithTheKey) {
  EXPECT_THAT(asked(json::scan_yaml,
                    "a: 1\nb: [2, {c: 3}, [4]]\nd:\n- 5\n? [6]\n: 7\ne: two words\nf: ''\ng:\n"),
              ElementsAre("a=1", "b=2", "c=3", "b=4", "d=5", "=7"));
  EXPECT_THAT(asked(json::scan_yaml, "a: 1\n---\n2\n--- [3]\n---\n---\nb: 4\n...\n# end\n"),
              ElementsAre("a=1", "=2", "=3", "b=4"));
  EXPECT_THAT(asked(json::scan_json, R"({"a": "1", "b": ["2", {"c": "3"}, ["4"]]} ["5"] "6" 7)"),
              ElementsAre("a=1", "b=2", "c=3", "b=4", "=5", "=6"));
}

TEST(YamlEdits, MalformedYamlHasALineAndAColumn) {
  EXPECT_EQ(failure("a: 1\nb: [1, 2\nc: 3\n"),
            "Malformed: YAML at line 3, column 2: did not find expected ',' or ']', while parsing "
            "a flow sequence that begins at line 2");
  EXPECT_THAT(failure("a: 1\n---\nb: 'x\n"), StartsWith("Malformed: YAML at line 4, column 1: "));
  EXPECT_THAT(failure("a: b: c"), StartsWith("Malformed: YAML at line 1, column 5: "));
  EXPECT_THAT(failure("a:\n\tb: 1"), StartsWith("Malformed: YAML at line 2, column 1: "));
  EXPECT_THAT(
      failure("a: *missing"),
      StartsWith("Malformed: YAML at line 1, column 4: the alias refers to an undefined anchor"));
  EXPECT_THAT(failure("&a a: 1\n---\nb: *a\n"),
              StartsWith("Malformed: YAML at line 3, column 4: "));
  EXPECT_THAT(failure("%YAML 3.0\n--- a"), StartsWith("Malformed: YAML at line 1"));
  EXPECT_THAT(failure("a: !un!known x"), StartsWith("Malformed: YAML at line 1"));
  for (const char* text : {"a: 'x", "a: \"\\q\"", "{a: 1", "&", "a: @x", "a: 1\n b: 2",
                           "{{ x }}: [", "a: 1\n%b", "- a\nb: c", "]"}) {
    EXPECT_THAT(failure(text), StartsWith("Malformed: YAML at line ")) << text;
  }
}

TEST(YamlEdits, WhatIsNoTextHasALine) {
  EXPECT_EQ(failure("a: 1\r\nb: x\xff\n"), "Malformed: YAML at line 2, column 5: not UTF-8");
  EXPECT_EQ(failure("a: 1\n# \xc3"), "Malformed: YAML at line 2, column 3: not UTF-8");
  EXPECT_EQ(failure("a: \xed\xa0\x80"), "Malformed: YAML at line 1, column 4: not UTF-8");
  EXPECT_EQ(failure("a: \xc0\xaf"), "Malformed: YAML at line 1, column 4: not UTF-8");
  EXPECT_EQ(failure(std::string("\xff\xfe"
                                "a\0",
                                4)),
            "Malformed: YAML at line 1, column 1: not UTF-8");
  EXPECT_EQ(failure(std::string("a: \0", 4)),
            "Malformed: YAML at line 1, column 4: control characters are not allowed");
  EXPECT_EQ(failure("a:\n- '\x1b[0m'"),
            "Malformed: YAML at line 2, column 4: control characters are not allowed");
}

TEST(YamlEdits, DepthAnchorsAndValuesAreBounded) {
  const auto repeated = [](const std::string& part, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += part;
    return text;
  };
  EXPECT_EQ(failure(repeated("[", limits::kScalarDepth) + repeated("]", limits::kScalarDepth)), "");
  for (const char* open : {"[", "{a: ", "- ", "? ", "[{"}) {
    EXPECT_THAT(failure(repeated(open, 1'000'000)), HasSubstr("TooLarge: YAML at line ")) << open;
  }
  std::string anchors;
  for (int i = 0; i < 100'000; ++i) anchors += "- &a" + std::to_string(i) + " x\n";
  EXPECT_THAT(failure(anchors), HasSubstr("too many anchors"));
  EXPECT_EQ(failure(repeated("- &a x\n", 100'000)), "");
  EXPECT_THAT(failure("a: '" + std::string(limits::kScalarBytes + (1 << 20), 'x') + "'"),
              HasSubstr("16 MiB of text between two values"));
}

TEST(YamlEdits, ABillionLaughsCostNothing) {
  std::string text = "a0: &a0 [old/a, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) text += (j > 0 ? ", " : "") + last;
    text += "]\n";
  }
  EXPECT_THAT(yaml(text), StartsWith("a0: &a0 [NEW/a:1, lol"));
}

TEST(YamlEdits, FarPropertiesAreRefusedRatherThanMissed) {
  const std::string comment = "# " + std::string(limits::kScalarWindowBytes, 'x') + "\n";
  EXPECT_THAT(yaml("a: !!str\n" + comment + "  old/a\n"), HasSubstr("cannot be replaced in place"));
  EXPECT_EQ(yaml("a:\n" + comment + "  old/a\n"), "a:\n" + comment + "  NEW/a:1\n");
}

TEST(JsonEdits, ReplaceStringsThatAreValues) {
  EXPECT_EQ(json_text("{\"old/a\": \"old/a\", \"b\":[ \"old/a\" ]}\n"),
            "{\"old/a\": \"NEW/a:1\", \"b\":[ \"NEW/a:1\" ]}\n");
  EXPECT_EQ(json_text("[\"\\\\\",\"old\\/a\",\"\\\"old/a\",\"\\u006fld/a\"]"),
            "[\"\\\\\",\"NEW/a:1\",\"\\\"old/a\",\"NEW/a:1\"]");
  EXPECT_EQ(json_text("\"old/a\""), "\"NEW/a:1\"");
  EXPECT_EQ(json_text("\xEF\xBB\xBF{\"a\":\"old/a\"}\r\n{\"a\":\"old/a\"}"),
            "\xEF\xBB\xBF{\"a\":\"NEW/a:1\"}\r\n{\"a\":\"NEW/a:1\"}");
}

TEST(JsonEdits, TakeWhatYamlDoesNot) {
  const std::string text =
      "{\"" + std::string(2000, 'k') + "\": -1.5e300, \"\\ud83d\\udc33\": \"\\ud83d\\udc33\x7f\"}";
  EXPECT_EQ(json_text(text), text);
}

TEST(JsonEdits, WhatIsNoJsonIsMalformed) {
  for (const char* text : {"{", "{\"a\":1", "{a: 1}", "{\"a\":1}\n---\n{\"a\":1}", "[1,]", "\"x",
                           "[\"\xff\"]", "{\"a\":1}}", "[1]#", "nul", "[\"\t\"]"}) {
    const auto result = read(json::scan_json, text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::kMalformed) << text;
  }
  EXPECT_TRUE(read(json::scan_json, ""));
  EXPECT_TRUE(read(json::scan_json, " \n"));
}

TEST(JsonEdits, DepthAndValuesAreBounded) {
  for (const std::string& text :
       {std::string(1'000'000, '['),
        "[\"" + std::string(limits::kScalarBytes + (1 << 20), 'x') + "\"]"}) {
    const auto result = read(json::scan_json, text);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kTooLarge);
  }
}

TEST(Edits, AnErrorOfTheSourceOrTheReceiverEndsThem) {
  class Broken final : public json::ByteSource {
   public:
    base::Result<std::size_t> read(std::uint64_t, char*, std::size_t) override {
      return base::Error{ErrorCode::kInternal, "the disk is gone"};
    }
  };
  for (const Scan scan : {&json::scan_yaml, &json::scan_json}) {
    Broken source;
    const auto result = replace_words(
        scan, source, [](const Scalar&) { return std::nullopt; },
        [](const Edit&) { return base::Result<void>(); });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "the disk is gone");
    json::TextSource text("[\"x\",\"x\"]");
    int emitted = 0;
    const auto stopped = replace_words(
        scan, text, [](const Scalar&) { return std::optional<std::string>("y"); },
        [&](const Edit&) -> base::Result<void> {
          ++emitted;
          return base::Error{ErrorCode::kTooLarge, "full"};
        });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().message, "full");
    EXPECT_EQ(emitted, 1);
  }
}

TEST(Edits, TheFirstCharacterSaysWhetherItMayBeJson) {
  const auto begins = [](const std::string& text) {
    json::TextSource source(text);
    return json::begins_as_json(source).value();
  };
  EXPECT_TRUE(begins("{"));
  EXPECT_TRUE(begins("\xEF\xBB\xBF \r\n\t[1]"));
  EXPECT_TRUE(begins(std::string(10'000, ' ') + "{}"));
  EXPECT_FALSE(begins("a: {"));
  EXPECT_FALSE(begins("--- {}"));
  EXPECT_FALSE(begins("# {}\n{}"));
  EXPECT_FALSE(begins(" "));
  EXPECT_FALSE(begins(""));
}

}  // namespace
