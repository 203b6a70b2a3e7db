#include "json/writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "json/value.h"

namespace {

using json::Document;
using json::Writer;

TEST(Writer, PutsCommasBetweenValuesAndNowhereElse) {
  Writer writer;
  writer.begin_object();
  writer.key("list");
  writer.begin_array();
  writer.begin_array();
  writer.end_array();
  writer.begin_object();
  writer.end_object();
  writer.integer(-1);
  writer.number(0.5);
  writer.boolean(true);
  writer.null();
  writer.string("");
  writer.raw(R"({"a":1})");
  writer.end_array();
  writer.key("");
  writer.boolean(false);
  writer.end_object();
  EXPECT_EQ(writer.take(), R"({"list":[[],{},-1,0.5,true,null,"",{"a":1}],"":false})");
}

TEST(Writer, WritesIntegersOf64Bits) {
  for (const std::int64_t value :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    Writer writer;
    writer.integer(value);
    EXPECT_EQ(writer.take(), std::to_string(value));
  }
}

TEST(Writer, EscapesEveryCharacterThatHasToBeWhereverItIs) {
  for (int character = 0; character < 0x80; ++character) {
    for (std::size_t before = 0; before < 20; ++before) {
      const std::string text = std::string(before, 'x') + static_cast<char>(character) + "\xC3\xA4";
      Writer writer;
      writer.begin_object();
      writer.key(text);
      writer.string(text);
      writer.end_object();
      const std::string written = writer.take();
      EXPECT_EQ(written.find_first_of(std::string("\0\n\t\x1f", 4)), std::string::npos);
      const auto document = Document::parse(written);
      ASSERT_TRUE(document) << written;
      EXPECT_EQ(document->root().member(0).name, text);
      EXPECT_EQ(document->root().member(0).value.string(), text);
    }
  }
}

}  // namespace
