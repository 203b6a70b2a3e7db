#include "json/value.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <string>

#include "base/limits.h"
#include "json/raw.h"

namespace {

using json::Document;
using json::Kind;

base::ErrorCode code_of(const base::Result<Document>& document) { return document.error().code; }

TEST(Document, GivesEveryKindOfValue) {
  const auto document =
      Document::parse(R"({"n":null,"t":true,"i":-5,"d":1.5,"s":"text","a":[1,2],"o":{"x":1}})");
  ASSERT_TRUE(document);
  const json::View root = document->root();
  EXPECT_EQ(root.kind(), Kind::kObject);
  EXPECT_EQ(root.size(), 7U);
  EXPECT_EQ(root.find("n")->kind(), Kind::kNull);
  EXPECT_EQ(Document::parse(R"({"a":1,"b":2,"a":3})")->root().find("a")->integer(), 3);
  EXPECT_TRUE(root.find("t")->boolean());
  EXPECT_EQ(root.find("i")->integer(), -5);
  EXPECT_EQ(root.find("d")->number(), 1.5);
  EXPECT_EQ(root.find("s")->string(), "text");
  EXPECT_EQ(root.find("a")->element(1).integer(), 2);
  EXPECT_EQ(root.find("o")->member(0).name, "x");
  EXPECT_FALSE(root.find("missing"));
  EXPECT_FALSE(root.find("s")->find("x"));
  EXPECT_EQ(root.find("s")->size(), 0U);
}

TEST(Document, KeepsIntegersOf64BitsExactly) {
  const auto document = Document::parse(
      "[9223372036854775807,-9223372036854775808,"
      "9223372036854775808,1.0,1e3]");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().element(0).integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(document->root().element(1).integer(), std::numeric_limits<std::int64_t>::min());
  for (std::size_t i = 2; i < 5; ++i) {
    EXPECT_EQ(document->root().element(i).kind(), Kind::kNumber) << i;
  }
}

TEST(Document, KeepsNumbersToTheLastBit) {
  for (const std::string text :
       {"0.1", "-1.5e-300", "1.844674417370956e26", "5e-324", "0e232", "-0.0e-1", "1e-999",
        "0.30000000000000004", "9223372036854775808"}) {
    const auto document = Document::parse(text);
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root().number(), std::strtod(text.c_str(), nullptr)) << text;
    const auto again = Document::parse(json::canonical(document->root()));
    EXPECT_EQ(json::canonical(again->root()), json::canonical(document->root())) << text;
  }
}

TEST(Document, ReadsEscapesAndUnicode) {
  const auto document = Document::parse(R"(["\"\\\/\b\f\n\r\t","\u00e4\ud83d\udcbe","a\u0000b"])");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().element(0).string(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(document->root().element(1).string(), "ä💾");
  EXPECT_EQ(document->root().element(2).string(), std::string("a\0b", 3));
}

TEST(Document, RefusesWhatIsNoJson) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "nul",
                           "True",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "--1",
                           "1e",
                           "\"",
                           "\"a\nb\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "{\"\\uDFFF\":1}",
                           "[1] [2]",
                           "{} x",
                           "// c\n1",
                           "[1 2]",
                           "{\"a\" 1}",
                           "NaN",
                           "Infinity",
                           "1e999",
                           "\xEF\xBB\xBF"}) {
    const auto document = Document::parse(text);
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(code_of(document), base::ErrorCode::kMalformed) << text;
    EXPECT_NE(document.error().message.find("JSON at byte"), std::string::npos) << text;
  }
}

TEST(Document, LeavesListsOfManagedFieldsOutWhenToldTo) {
  const std::string text =
      R"({"metadata":{"managedFields":[{"f":{"f:x":[1,"\u0041",null,true,1.5]}},[[]]],"name":"a"},)"
      R"("managedFields":"text","other":[{"managedFields":{"a":[1]}},[2]],"b":[3]})";
  const auto without = Document::parse(text, {.managed_fields = false});
  ASSERT_TRUE(without);
  EXPECT_EQ(json::canonical(without->root()),
            R"({"b":[3],"managedFields":"text","metadata":{"managedFields":null,"name":"a"},)"
            R"("other":[{"managedFields":{"a":[1]}},[2]]})");
  EXPECT_NE(json::canonical(Document::parse(text)->root()).find("f:x"), std::string::npos);
}

TEST(Document, BoundsAndChecksWhatItLeavesOutAsWell) {
  const auto code = [](const std::string& list, std::size_t max_values = 100) {
    return code_of(Document::parse("{\"managedFields\":" + list + "}", {max_values, false}));
  };
  EXPECT_EQ(code("[1,2,3]", 1), base::ErrorCode::kTooLarge);
  // The values that are left out take no memory, so they do not count.
  EXPECT_TRUE(Document::parse("{\"managedFields\":[1,2,3]}", {2, false}));
  EXPECT_EQ(code(std::string(100, '[') + std::string(100, ']')), base::ErrorCode::kTooLarge);
  EXPECT_EQ(code("[\"\\udc00\"]"), base::ErrorCode::kMalformed);
  EXPECT_EQ(code("[1"), base::ErrorCode::kMalformed);
  EXPECT_EQ(code("[{\"a\":1,}]"), base::ErrorCode::kMalformed);
}

TEST(Document, KeepsWhatIsSelectedAndDropsTheOtherMembers) {
  const json::Selection inner[] = {{"name", {}}, {"image", {}}};
  const json::Selection root[] = {{"all", {}}, {"list", inner}, {"one", inner}};
  const json::ParseOptions options{.members = root};
  const auto kept = [&](const std::string& text) {
    const auto document = Document::parse(text, options);
    return document ? json::canonical(document->root()) : document.error().message;
  };
  EXPECT_EQ(kept(R"({"x":1,"all":{"x":[1,{"y":2}]},"y":[{"all":1}],"z":{"all":2}})"),
            R"({"all":{"x":[1,{"y":2}]}})");
  EXPECT_EQ(
      kept(R"({"list":[{"x":1,"name":"a","y":{"name":"b"}},2,[{"x":3,"image":[4]}],{}],"x":9})"),
      R"({"list":[{"name":"a"},2,[{"image":[4]}],{}]})");
  EXPECT_EQ(kept(R"({"one":{"x":[],"image":null},"one":{"image":{"x":5}}})"),
            R"({"one":{"image":null},"one":{"image":{"x":5}}})");
  EXPECT_EQ(kept(R"([{"x":1,"all":2}])"), R"([{"all":2}])");
  EXPECT_EQ(kept("7"), "7");
}

TEST(Document, ChecksWhatItDropsAndDoesNotCountIt) {
  const json::Selection root[] = {{"a", {}}};
  const auto code = [&](const std::string& dropped, std::size_t max = 2) {
    const auto document =
        Document::parse(R"({"x":)" + dropped + R"(,"a":1})", {.max_values = max, .members = root});
    return document ? base::ErrorCode::kNotFound : code_of(document);
  };
  EXPECT_EQ(code("[1,2,{\"a\":3}]"), base::ErrorCode::kNotFound);
  EXPECT_EQ(code("1", 1), base::ErrorCode::kTooLarge);
  EXPECT_EQ(code(std::string(100, '[') + std::string(100, ']')), base::ErrorCode::kTooLarge);
  EXPECT_EQ(code("[\"\\udc00\"]"), base::ErrorCode::kMalformed);
  EXPECT_EQ(code("[1"), base::ErrorCode::kMalformed);
  EXPECT_EQ(code("{\"a\":1,}"), base::ErrorCode::kMalformed);
}

TEST(Document, RefusesANulByteWhereverItIs) {
  for (const std::string& text :
       {std::string("{}\0", 3), std::string("\0{}", 3), std::string("[1,\0]", 5),
        std::string("\"a\0b\"", 5), std::string("{}\0{\"evil\":1}", 13)}) {
    const auto document = Document::parse(text);
    ASSERT_FALSE(document);
    EXPECT_EQ(code_of(document), base::ErrorCode::kMalformed);
  }
}

// RapidJSON's SSE2 code for strings accepts control characters from 0x1A on.
TEST(Document, RefusesControlCharactersWhereverTheyAre) {
  for (char control = 1; control < ' '; ++control) {
    for (std::size_t before = 0; before < 40; ++before) {
      const std::string text = "{\"a\":\"" + std::string(before, 'x') + control + "y\"}";
      EXPECT_EQ(code_of(Document::parse(text)), base::ErrorCode::kMalformed)
          << int(control) << " after " << before;
    }
  }
}

TEST(Document, ReadsTheSameTextAtWhateverPlaceOfAStringAnEscapeIs) {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 40; ++after) {
      const std::string left(before, 'x');
      const std::string right(after, 'z');
      const auto document = Document::parse("[\"" + left + R"(\u00e4\"ä)" + right + "\", 7]");
      ASSERT_TRUE(document);
      EXPECT_EQ(document->root().element(0).string(), left + "ä\"ä" + right);
      EXPECT_EQ(document->root().element(1).integer(), 7);
    }
  }
}

TEST(Document, RefusesWhatIsNotUtf8) {
  for (const char* text : {"\"\xff\"", "\"\xc3\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
                           "\"\xf5\x80\x80\x80\"", "{\"\xfe\":1}"}) {
    const auto document = Document::parse(text);
    ASSERT_FALSE(document);
    EXPECT_EQ(code_of(document), base::ErrorCode::kMalformed);
  }
}

// AddressSanitizer reports a read past the end. The text is too long for a std::string without a
// heap block.
TEST(Document, ReadsNothingBehindACharacterThatIsCutOff) {
  for (const std::string cut :
       {"\xC3", "\xE2", "\xED", "\xF0", "\xF4", "\xF0\x9F", "\xF0\x9F\x98"}) {
    std::string text = "{\"a name of some length\":\"" + cut;
    text.shrink_to_fit();
    EXPECT_EQ(code_of(Document::parse(std::move(text))), base::ErrorCode::kMalformed);
  }
}

TEST(Document, IsBoundedInDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Document::parse(nested(limits::kJsonDepth)));
  const auto deep = Document::parse(nested(limits::kJsonDepth + 1));
  ASSERT_FALSE(deep);
  EXPECT_EQ(code_of(deep), base::ErrorCode::kTooLarge);
  EXPECT_EQ(code_of(Document::parse(std::string(10'000'000, '['))), base::ErrorCode::kTooLarge);
}

TEST(Document, BracketsWithinStringsAreNoDepth) {
  EXPECT_TRUE(Document::parse("\"" + std::string(1000, '[') + "\""));
  EXPECT_TRUE(Document::parse("\"\\\"" + std::string(1000, '{') + "\""));
  EXPECT_FALSE(Document::parse("\"\\\\\"" + std::string(1000, '[')));
}

TEST(Document, MoreValuesThanAskedForAreTooMany) {
  const std::string text = R"({"a":[1,2,"x,y"],"b":{}})";
  EXPECT_TRUE(Document::parse(text, {7}));
  EXPECT_EQ(code_of(Document::parse(text, {5})), base::ErrorCode::kTooLarge);
  EXPECT_TRUE(Document::parse("\"" + std::string(1000, ',') + "\"", {2}));
}

TEST(Document, StaysValidWhenItIsMoved) {
  auto first = Document::parse("[\"a\"]");
  ASSERT_TRUE(first);
  const Document second = *std::move(first);
  EXPECT_EQ(second.root().element(0).string(), "a");
}

TEST(Document, NeverFailsInAnotherWayOnMangledText) {
  const std::string text =
      R"({"metadata":{"name":"a","labels":{"x":"\u00e4"}},"spec":{"ports":[{"port":80.5e2}]}})";
  std::mt19937_64 random(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string mangled = text;
    for (std::uint64_t changes = random() % 4 + 1; changes > 0; --changes) {
      const std::size_t at = random() % mangled.size();
      switch (random() % 3) {
        case 0: mangled[at] = static_cast<char>(random()); break;
        case 1: mangled.erase(at, random() % 5); break;
        default: mangled.insert(at, 1, "{}[]\",:\\0"[random() % 9]); break;
      }
      if (mangled.empty()) mangled = "1";
    }
    const auto document = Document::parse(mangled);
    if (!document) continue;
    const std::string canonical = json::canonical(document->root());
    const auto again = Document::parse(canonical);
    ASSERT_TRUE(again) << mangled;
    ASSERT_EQ(json::canonical(again->root()), canonical) << mangled;
  }
}

}  // namespace
