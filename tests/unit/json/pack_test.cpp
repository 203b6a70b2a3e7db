#include "json/pack.h"

#include <gtest/gtest.h>

#include <limits>

#include "unit/json/example.h"

namespace {

using example::Thing;

Thing repacked(const Thing& thing) {
  Thing result;
  json::unpack(json::pack(thing), result);
  return result;
}

Thing full() {
  Thing thing;
  thing.name = std::string(300, 'n') + '\0' + "ä";
  thing.on = true;
  thing.count = std::numeric_limits<int>::min();
  thing.choice = false;
  thing.maybe = example::Inner{"", std::numeric_limits<std::int64_t>::min()};
  thing.inner = {"fast", std::numeric_limits<std::int64_t>::max()};
  thing.words = {"", "word", std::string(200, 'w')};
  thing.ports = {{"p", 80}, {"", 0}};
  thing.list = {{"q", -1}};
  thing.labels = {{"", ""}, {"a", "b"}, {"b", std::string(130, 'b')}};
  thing.when = base::Time(std::chrono::microseconds(-1'234'567));
  thing.raw = {R"({"a":1})"};
  return thing;
}

TEST(Pack, GivesBackEveryValue) {
  EXPECT_EQ(repacked(full()), full());
  EXPECT_EQ(repacked(Thing()), Thing());
}

TEST(Pack, AValueThatIsEmptyWhereItsDefaultIsNotStaysEmpty) {
  Thing thing;
  thing.count = 0;
  thing.inner.mode = "";
  EXPECT_EQ(repacked(thing), thing);
}

TEST(Pack, WhatIsAtItsDefaultTakesOneByte) { EXPECT_EQ(json::pack(Thing()).size(), 1U); }

TEST(Pack, WhatIsThereAlreadyIsReplaced) {
  Thing thing = full();
  Thing other;
  other.words = {"one"};
  other.labels = {{"z", "y"}};
  other.list = {{"l", 1}};
  json::unpack(json::pack(other), thing);
  EXPECT_EQ(thing.words, other.words);
  EXPECT_EQ(thing.labels, other.labels);
  EXPECT_EQ(thing.list, other.list);
}

// AddressSanitizer reports a read past the end.
TEST(Pack, WhatIsCutShortIsReadNoFurtherThanItsEnd) {
  const std::string packed = json::pack(full());
  for (std::size_t length = 0; length < packed.size(); ++length) {
    std::string cut = packed.substr(0, length);
    cut.shrink_to_fit();
    Thing thing;
    json::unpack(cut, thing);
  }
  // `words` claims far more elements than there are bytes.
  const std::string huge = "\x40\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
  Thing thing;
  json::unpack(huge, thing);
  EXPECT_LE(thing.words.size(), 1U);
}

}  // namespace
