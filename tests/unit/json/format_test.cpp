#include "json/format.h"

#include <gtest/gtest.h>

#include "json/raw.h"
#include "json/text/yaml.h"

namespace json {
namespace {

std::string yaml_of(const std::string& text, std::string_view hidden = {}) {
  return to_yaml(Document::parse(text)->root(), hidden);
}

TEST(Format, JsonIsIndentedAndItsOrderKept) {
  const auto document = Document::parse(R"({"b":[1,2.5,null],"a":{"c":true,"d":"ä\n"},"e":{}})");
  EXPECT_EQ(pretty(document->root()), R"({
    "b": [
        1,
        2.5,
        null
    ],
    "a": {
        "c": true,
        "d": "ä\n"
    },
    "e": {}
}
)");
}

TEST(Format, YamlIsInBlocks) {
  EXPECT_EQ(yaml_of(R"({"spec":{"images":[{"name":"a","tags":["v1","v2"]}],"port":5000,
                        "enabled":true,"none":null,"empty":[],"nothing":{}}})"),
            R"(spec:
  images:
    - name: a
      tags:
        - v1
        - v2
  port: 5000
  enabled: true
  none: null
  empty: []
  nothing: {}
)");
}

TEST(Format, StringsThatYamlWouldTakeForSomethingElseAreQuoted) {
  for (const char* text :
       {"",    "true", "Yes",  "NO",    "on",    "Off",   "y",          "null", "~",    "1",
        "1.5", "-1",   "0x1f", "1e3",   "1_000", "12:30", "2026-01-31", ".5",   "a: b", "a #b",
        "a:",  "- a",  "{a}",  "[a]",   "*a",    "&a",    "!a",         "'a'",  "@a",   "%a",
        " a",  "a ",   "a\nb", "tab\t", "\"",    "5E",    "5i",         "<<",   "=",    "ä"}) {
    Writer writer;
    writer.begin_array();
    writer.string(text);
    writer.end_array();
    const std::string written = writer.take();
    const std::string yaml = yaml_of(written);
    EXPECT_EQ(yaml.substr(0, 3), "- \"") << text;
    EXPECT_EQ(*from_yaml(yaml), written) << text;
  }
}

TEST(Format, UsualStringsAreNotQuoted) {
  for (const char* text : {"registry", "ghcr.io/org/project/image", "localhost:31234/a/b:v1", "5Gi",
                           "registry:2.8.1", "Deployment/registry", "LocalRegistry", "/v2/"}) {
    EXPECT_EQ(yaml_of("[\"" + std::string(text) + "\"]"), "- " + std::string(text) + "\n");
  }
}

TEST(Format, WhatIsWrittenIsReadAsTheSameValue) {
  const std::string text =
      R"({"yes":{"1":"2","a b":[[],[[1]],{"x":[{"y":"z\u0007"}]}]},"n":[-5,0.25,1e2,1e300,"~"]})";
  EXPECT_EQ(canonical(Document::parse(*from_yaml(yaml_of(text)))->root()),
            canonical(Document::parse(text)->root()));
}

TEST(Format, AKeyThatIsLongerThanYamlTakesOnALineIsReadAsTheSameKey) {
  for (const std::string& key : {std::string(2000, 'a'), std::string(1001, '-') + "a",
                                 "a" + std::string(300, '\x01'), "a" + std::string(101, '"')}) {
    const std::string text =
        R"({"first":{)" + encode(key) + R"(:[{"a":1,"b":[]}],"other":2},"last":3})";
    const auto read = from_yaml(yaml_of(text));
    ASSERT_TRUE(read) << base::to_string(read.error());
    EXPECT_EQ(canonical(Document::parse(*read)->root()), canonical(Document::parse(text)->root()));
  }
  EXPECT_EQ(yaml_of(R"({"app.kubernetes.io/name":"a"})"), "app.kubernetes.io/name: a\n");
}

TEST(Format, OneMemberCanBeHidden) {
  const std::string text = R"({"metadata":{"name":"a","managedFields":[{}]},"managedFields":1})";
  EXPECT_EQ(yaml_of(text, "metadata.managedFields"), "metadata:\n  name: a\nmanagedFields: 1\n");
  EXPECT_EQ(
      pretty(Document::parse(text)->root(), "metadata.managedFields"),
      "{\n    \"metadata\": {\n        \"name\": \"a\"\n    },\n    \"managedFields\": 1\n}\n");
}

}  // namespace
}  // namespace json
