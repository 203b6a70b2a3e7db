#include "json/sieve/unknown.h"

#include <gmock/gmock.h>

namespace {

struct Inner {
  int known = 0;
};

struct Outer {
  std::string name;
  std::optional<Inner> inner;
  std::vector<Inner> list;
  std::map<std::string, Inner> map;
};

}  // namespace

template <>
struct json::Fields<Inner> {
  static constexpr auto kTable = std::make_tuple(json::field("known", &Inner::known));
};

template <>
struct json::Fields<Outer> {
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &Outer::name), json::field("inner", &Outer::inner),
                      json::field("list", &Outer::list), json::field("map", &Outer::map));
};

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> unknown(const char* text) {
  return json::unknown_members<Outer>(json::Document::parse(text)->root());
}

TEST(Unknown, MembersThatNoTableNamesAreFoundAtEveryDepth) {
  EXPECT_THAT(unknown(R"({"nam":1,"inner":{"x":1,"known":2},"list":[{"known":1},{"y":1}],
                          "map":{"a":{"known":1,"z":{}}},"other":{"deep":1}})"),
              ElementsAre("nam", "inner.x", "list[1].y", "map.a.z", "other"));
}

TEST(Unknown, WhatIsOfAWrongTypeIsNotLookedInto) {
  EXPECT_THAT(unknown(R"({"inner":[{"x":1}],"list":{"x":1},"map":"x"})"), IsEmpty());
  EXPECT_THAT(unknown("[]"), IsEmpty());
}

}  // namespace
