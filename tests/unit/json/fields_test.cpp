#include "json/fields.h"

#include <gtest/gtest.h>

#include "json/sieve/selection.h"
#include "unit/json/example.h"

namespace {

using example::Thing;

Thing thing(const std::string& text) {
  const auto result = json::parse<Thing>(text);
  EXPECT_TRUE(result) << to_string(result.error());
  return result ? *result : Thing();
}

std::string difference(const std::string& wanted, const std::string& actual) {
  return json::difference(thing(wanted), thing(actual)).value_or("none");
}

TEST(Fields, WhatIsAbsentKeepsTheValueOfItsDefault) {
  EXPECT_EQ(thing("{}"), Thing());
  EXPECT_EQ(thing("{}").count, 3);
  EXPECT_EQ(thing(R"({"inner":{}})").inner.mode, "slow");
  EXPECT_EQ(thing(R"({"maybe":{}})").maybe, example::Inner());
}

TEST(Fields, ASelectionHasAllThatDecodingReads) {
  const std::string text = R"({"name":"a","x":[{"name":"b"}],"on":true,"count":0,"choice":false,
      "maybe":{"mode":"fast","y":{}},"inner":{"size":5,"name":"c"},"words":["x","y"],
      "ports":[{"name":"p","x":1,"port":80}],"list":[{"port":1}],
      "labels":{"k":"v","":"empty"},"when":"2026-01-31T12:00:00Z","raw":{"b":1,"a":[null]}})";
  const auto document = json::Document::parse(text, {.members = json::selection<example::Thing>()});
  ASSERT_TRUE(document);
  EXPECT_EQ(json::decode<Thing>(document->root()).value(), thing(text));
  EXPECT_FALSE(document->root().find("x"));
  EXPECT_FALSE(document->root().find("inner")->find("name"));
}

TEST(Fields, NullIsAbsent) {
  EXPECT_EQ(thing(R"({"name":null,"count":null,"choice":null,"maybe":null,"inner":null,
                      "words":null,"ports":null,"labels":null,"when":null,"raw":null})"),
            Thing());
}

TEST(Fields, UnknownMembersAreIgnored) {
  EXPECT_EQ(thing(R"({"nme":"x","Name":"y","deep":{"a":[1,{"b":2}]}})"), Thing());
}

TEST(Fields, TheValuesThatAreThereAreTaken) {
  const Thing value = thing(R"({"name":"a","on":true,"count":0,"choice":false,
      "maybe":{"mode":"fast"},"words":["x","y"],"ports":[{"name":"p","port":80}],
      "labels":{"k":"v","":"empty"},"when":"2026-01-31T12:00:00Z","raw":{"b":1,"a":[null]}})");
  EXPECT_EQ(value.name, "a");
  EXPECT_TRUE(value.on);
  EXPECT_EQ(value.count, 0);
  EXPECT_EQ(value.choice, false);
  EXPECT_EQ(value.maybe->mode, "fast");
  EXPECT_EQ(value.words, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(value.ports, (std::vector<example::Port>{{"p", 80}}));
  EXPECT_EQ(value.labels.at(""), "empty");
  EXPECT_EQ(base::format_seconds(*value.when), "2026-01-31T12:00:00Z");
  EXPECT_EQ(value.raw.text, R"({"a":[null],"b":1})");
}

TEST(Fields, OfTwoMembersOfOneNameTheLastCounts) {
  const Thing value = thing(R"({"name":"a","name":"b","ports":[{"name":"p","port":80}],
      "ports":[{"port":81}],"inner":{"size":5},"inner":{},"labels":{"a":"b"},"labels":{},
      "maybe":{"size":1},"maybe":{},"count":5,"count":null})");
  EXPECT_EQ(value.name, "b");
  EXPECT_EQ(value.ports, (std::vector<example::Port>{{"", 81}}));
  EXPECT_EQ(value.inner, example::Inner());
  EXPECT_TRUE(value.labels.empty());
  EXPECT_EQ(value.maybe, example::Inner());
  EXPECT_EQ(value.count, 3) << "as it is born";
  using Inners = std::map<std::string, example::Inner>;
  const auto inners = json::parse<Inners>(R"({"a":{"size":5},"b":{"size":6},"a":{}})");
  EXPECT_EQ(*inners, (Inners{{"a", {}}, {"b", {"slow", 6}}}));
}

TEST(Fields, AWrongTypeIsRefusedWithItsPath) {
  const std::pair<const char*, const char*> cases[] = {
      {"5", "value: expected an object, found an integer"},
      {"[]", "value: expected an object, found a list"},
      {R"({"name":5})", "name: expected a string, found an integer"},
      {R"({"on":"true"})", "on: expected true or false, found a string"},
      {R"({"count":"5"})", "count: expected a 32-bit integer, found a string"},
      {R"({"count":1.5})", "count: expected a 32-bit integer, found a number"},
      {R"({"count":2147483648})", "count: expected a 32-bit integer, found an integer"},
      {R"({"choice":0})", "choice: expected true or false, found an integer"},
      {R"({"maybe":{"size":"1"}})", "maybe.size: expected an integer, found a string"},
      {R"({"maybe":[]})", "maybe: expected an object, found a list"},
      {R"({"words":["a",5]})", "words[1]: expected a string, found an integer"},
      {R"({"words":{}})", "words: expected a list, found an object"},
      {R"({"ports":[{},{"port":true}]})",
       "ports[1].port: expected a 32-bit integer, found a boolean"},
      {R"({"labels":{"a/b":5}})", "labels[a/b]: expected a string, found an integer"},
      {R"({"labels":{"":5}})", "labels[]: expected a string, found an integer"},
      {R"({"when":"yesterday"})", "when: expected a time as in RFC 3339, found a string"},
  };
  for (const auto& [text, message] : cases) {
    const auto result = json::parse<Thing>(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, base::ErrorCode::kMalformed);
    EXPECT_EQ(result.error().message, message);
    ASSERT_EQ(result.error().causes.size(), 1U);
  }
}

TEST(Fields, TheFirstOfSeveralFailuresIsReported) {
  const auto result = json::parse<Thing>(R"({"count":"x","name":5})");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().causes[0].field, "count");
}

TEST(Fields, WhatIsEmptyIsNotEncoded) {
  EXPECT_EQ(json::encode(example::Port()), "{}");
  Thing value;
  EXPECT_EQ(json::encode(value), R"({"count":3,"inner":{"mode":"slow"}})");
  value.choice = false;
  value.labels["a"] = "";
  EXPECT_EQ(json::encode(value),
            R"({"count":3,"choice":false,"inner":{"mode":"slow"},"labels":{"a":""}})");
}

TEST(Fields, WhatIsEmptyThoughItsDefaultIsNotIsEncoded) {
  Thing value;
  value.count = 0;
  value.inner.mode = "";
  EXPECT_EQ(json::encode(value), R"({"count":0,"inner":{"mode":""}})");
  EXPECT_EQ(thing(json::encode(value)), value);
  EXPECT_EQ(json::difference(value, Thing()), std::nullopt) << "it wants nothing";
}

TEST(Fields, WhatIsEncodedIsDecodedTheSame) {
  const std::string text =
      R"({"name":"a \"b\" ä","on":true,"count":-1,"choice":true,)"
      R"("maybe":{"mode":"fast","size":9223372036854775807},"inner":{"mode":"x"},)"
      R"("words":["","y"],"ports":[{"name":"p","port":80}],"list":[{}],)"
      R"("labels":{"a":"1","b":""},"when":"2026-01-31T12:00:00Z","raw":[1,2.5,"x"]})";
  EXPECT_EQ(json::encode(thing(text)), text);
}

TEST(Difference, IsNoneBetweenEqualValues) {
  const char* text = R"({"name":"a","ports":[{"name":"p","port":80}],"labels":{"k":"v"}})";
  EXPECT_EQ(difference(text, text), "none");
  EXPECT_EQ(difference("{\"count\":0,\"inner\":{\"mode\":\"\"}}", text), "none");
}

TEST(Difference, NamesTheFirstFieldThatDiffers) {
  EXPECT_EQ(difference(R"({"name":"a"})", R"({"name":"b"})"), "name");
  EXPECT_EQ(difference(R"({"name":"a"})", R"({})"), "name");
  EXPECT_EQ(difference(R"({"inner":{"size":5}})", R"({"inner":{"size":6}})"), "inner.size");
  EXPECT_EQ(difference(R"({"choice":false})", R"({})"), "choice");
  EXPECT_EQ(difference(R"({"choice":false})", R"({"choice":true})"), "choice");
  EXPECT_EQ(difference(R"({"maybe":{"size":1}})", R"({})"), "maybe");
  EXPECT_EQ(difference(R"({"maybe":{"size":1}})", R"({"maybe":{"size":2}})"), "maybe.size");
}

TEST(Difference, WhatIsNotWantedMayBeAnything) {
  EXPECT_EQ(difference(R"({"count":0,"inner":{"mode":""}})",
                       R"({"name":"x","on":true,"choice":true,"words":["a"],"list":[{}],
                           "labels":{"a":"b"},"raw":5})"),
            "none");
}

TEST(Difference, MapsMayHoldMore) {
  EXPECT_EQ(difference(R"({"labels":{"a":"1"}})", R"({"labels":{"a":"1","b":"2"}})"), "none");
  EXPECT_EQ(difference(R"({"labels":{"a":"1"}})", R"({"labels":{"b":"2"}})"), "labels[a]");
  EXPECT_EQ(difference(R"({"labels":{"a":""}})", R"({"labels":{"a":"2"}})"), "labels[a]");
}

TEST(Difference, KeyedListsMayHoldMoreInAnyOrder) {
  const char* wanted = R"({"ports":[{"name":"a","port":1},{"name":"b","port":2}]})";
  EXPECT_EQ(difference(wanted, R"({"ports":[{"name":"x"},{"name":"b","port":2},
                                            {"name":"a","port":1}]})"),
            "none");
  EXPECT_EQ(difference(wanted, R"({"ports":[{"name":"b","port":2}]})"), "ports[a]");
  EXPECT_EQ(difference(wanted, R"({"ports":[{"name":"a","port":1},{"name":"b","port":3}]})"),
            "ports[b].port");
}

TEST(Difference, OtherListsAreEqualInLengthAndOrder) {
  EXPECT_EQ(difference(R"({"words":["a","b"]})", R"({"words":["a","b"]})"), "none");
  EXPECT_EQ(difference(R"({"words":["a","b"]})", R"({"words":["b","a"]})"), "words[0]");
  EXPECT_EQ(difference(R"({"words":["a"]})", R"({"words":["a","b"]})"), "words");
  EXPECT_EQ(difference(R"({"list":[{"port":1}]})", R"({"list":[{"name":"x","port":1}]})"), "none");
  EXPECT_EQ(difference(R"({"list":[{"port":1}]})", R"({"list":[{"port":2}]})"), "list[0].port");
}

TEST(Difference, TimesAreComparedInTheSecondsThatAreWritten) {
  Thing wanted;
  Thing actual;
  wanted.when = base::parse_time("2026-01-31T12:00:00.75Z");
  actual.when = base::parse_time("2026-01-31T12:00:00Z");
  EXPECT_FALSE(json::difference(wanted, actual));
  actual.when = base::parse_time("2026-01-31T12:00:01Z");
  EXPECT_EQ(json::difference(wanted, actual), "when");
}

std::string raw_difference(const std::string& wanted, const std::string& actual) {
  return difference(R"({"raw":)" + wanted + "}", R"({"raw":)" + actual + "}");
}

TEST(Raw, IsCanonicalWhateverTheOrderAndTheSpaces) {
  EXPECT_EQ(thing(R"({"raw": { "b" : [ 1 , 2.50 ] , "a" : { "d":true,"c":null } } })").raw.text,
            R"({"a":{"c":null,"d":true},"b":[1,2.5]})");
  EXPECT_EQ(thing(R"({"raw":"\u00e4\n"})").raw.text, "\"ä\\n\"");
}

TEST(Raw, MembersThatOnlyTheOtherHasMakeNoDifference) {
  EXPECT_EQ(raw_difference(R"({"a":[{"b":1}]})", R"({"a":[{"b":1,"default":2}],"c":3})"), "none");
  EXPECT_EQ(raw_difference(R"({"a":1})", R"({"a":2})"), "raw");
  EXPECT_EQ(raw_difference(R"({"a":1})", R"({"b":1})"), "raw");
  EXPECT_EQ(raw_difference("[1,2]", "[1,2,3]"), "raw");
  EXPECT_EQ(raw_difference("[1,2]", "[2,1]"), "raw");
  EXPECT_EQ(raw_difference("\"a\"", "\"a\""), "none");
  EXPECT_EQ(raw_difference("{}", "[]"), "raw");
}

TEST(Raw, NullsAndEmptyListsThatTheServerDropsMakeNoDifference) {
  EXPECT_EQ(raw_difference(R"({"a":null,"b":[],"c":1})", R"({"c":1})"), "none");
  EXPECT_EQ(raw_difference(R"({"a":null})", R"({"a":1})"), "raw");
  EXPECT_EQ(raw_difference(R"({"b":[]})", R"({"b":[1]})"), "raw");
  EXPECT_EQ(raw_difference(R"({"b":{}})", R"({"c":1})"), "raw");
}

TEST(Raw, WantedNullMeansThatThereIsNoSuchField) {
  Thing wanted;
  wanted.raw.text = "null";
  EXPECT_FALSE(json::difference(wanted, Thing()));
  EXPECT_EQ(json::difference(wanted, thing(R"({"raw":{"a":1}})")), "raw");
}

}  // namespace
