#include "api/quantity.h"

#include <gtest/gtest.h>

namespace {

using api::Quantity;

// Returns the result of the comparison: "<", "=", ">", or "?" if one text is not a quantity.
std::string order(const std::string& a, const std::string& b) {
  const auto order = api::compare(Quantity{a}, Quantity{b});
  if (!order) return "?";
  return *order < 0 ? "<" : *order > 0 ? ">" : "=";
}

TEST(Quantity, TheSameAmountIsEqualHoweverItIsWritten) {
  const std::pair<const char*, const char*> cases[] = {
      {"1Gi", "1024Mi"},
      {"1Mi", "1048576"},
      {"5Gi", "5368709120"},
      {"1Ti", "1024Gi"},
      {"1Pi", "1024Ti"},
      {"1Ei", "1024Pi"},
      {"0.5Gi", "512Mi"},
      {"0.5", "500m"},
      {".5", "500m"},
      {"1.", "1"},
      {"1.G", "1G"},
      {"0.1Ki", "102.4"},
      {"1e3", "1k"},
      {"1E3", "1k"},
      {"1e+3", "1000"},
      {"1e-3", "1m"},
      {"1E", "1e18"},
      {"1M", "1000000"},
      {"1G", "1000M"},
      {"1T", "1000G"},
      {"1P", "1000T"},
      {"1E", "1000P"},
      {"1u", "1000n"},
      {"1m", "1000u"},
      {"1", "1000m"},
      {"1E0", "1"},
      {"1e0", "1"},
      {"+1", "1"},
      {"007", "7"},
      {"1.500", "1.5"},
      {"0", "-0"},
      {"0", "0Ki"},
      {"0", "0e5"},
      {"0.000", "0n"},
      {"-1Ki", "-1024"},
      {"9223372036854775807", "9223372036854775807"},
      {"8Ei", "9223372036854775808"},
      {"1.0000000000000000000000000", "1"},
      {"100000000000000000000m", "100000000000000000"},
  };
  for (const auto& [a, b] : cases) {
    EXPECT_EQ(order(a, b), "=") << a << " " << b;
    EXPECT_EQ(order(b, a), "=") << b << " " << a;
  }
}

TEST(Quantity, IsOrderedByItsValue) {
  const char* ascending[] = {
      "-1Gi", "-1G", "-2",  "-1",   "-500m", "-1n",   "0",      "1n",
      "1u",   "1m",  "0.1", "999m", "1",     "1001m", "2",      "10",
      "999",  "1k",  "1Ki", "1M",   "1Mi",   "1G",    "1023Mi", "1Gi",
      "1T",   "1Ti", "1P",  "1Pi",  "1E",    "1Ei",   "7.9Ei",  "9223372036854775807"};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(order(ascending[i], ascending[j]), i < j   ? "<"
                                                   : i > j ? ">"
                                                           : "=")
          << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(Quantity, MoreThanTheApiServerStoresIsTheSameAsTheMost) {
  using Leaf = json::Leaf<Quantity>;
  const Quantity max{"9223372036854775807"};
  EXPECT_TRUE(Leaf::same(Quantity{"8Ei"}, max));
  EXPECT_TRUE(Leaf::same(Quantity{"2000Ei"}, max));
  EXPECT_TRUE(Leaf::same(Quantity{"9000000.5Ti"}, max));
  EXPECT_FALSE(Leaf::same(Quantity{"7Ei"}, max));
  EXPECT_FALSE(Leaf::same(Quantity{"10E"}, max));
}

TEST(Quantity, JunkIsNoQuantity) {
  for (const char* text : {"",
                           " ",
                           "Gi",
                           "k",
                           "e3",
                           ".",
                           "-",
                           "+",
                           "-Gi",
                           "1 Gi",
                           " 1",
                           "1 ",
                           "1gi",
                           "1GI",
                           "1Kb",
                           "1KB",
                           "1K",
                           "1ki",
                           "1mi",
                           "1i",
                           ".5i",
                           "1e",
                           "1ee3",
                           "1e3k",
                           "1e3Ki",
                           "1e-",
                           "1e+",
                           "1e1.5",
                           "--1",
                           "+-1",
                           "1.2.3",
                           "1..2",
                           "1,5",
                           "0x10",
                           "1_000",
                           "NaN",
                           "inf",
                           "1Zi",
                           "1Y",
                           "1Gi1",
                           "1GiB",
                           "\xEF\xBC\x91",
                           "1e99999999999"}) {
    EXPECT_FALSE(api::is_quantity(text)) << text;
    EXPECT_EQ(order(text, "1"), "?") << text;
    EXPECT_EQ(order("1", text), "?") << text;
  }
  EXPECT_FALSE(api::is_quantity(std::string(1'000'000, '9')));
  EXPECT_FALSE(api::is_quantity(std::string("1\0", 2)));
}

TEST(Quantity, IsReadFromAStringAndFromANumber) {
  struct Case {
    const char* json;
    const char* text;
  };
  for (const Case& test : {Case{"\"5Gi\"", "5Gi"}, Case{"5", "5"}, Case{"0.5", "0.5"}}) {
    const auto quantity = json::parse<Quantity>(test.json);
    ASSERT_TRUE(quantity) << test.json;
    EXPECT_EQ(quantity->text, test.text);
  }
  EXPECT_EQ(order(json::parse<Quantity>("1e3")->text, "1k"), "=");
  EXPECT_EQ(order(json::parse<Quantity>("1e30")->text, "1e30"), "=");
  EXPECT_EQ(order(json::parse<Quantity>("1e-9")->text, "1n"), "=");
  for (const char* text : {"true", "[]", "{}"}) EXPECT_FALSE(json::parse<Quantity>(text)) << text;
}

TEST(Quantity, IsComparedByMeaningAndJunkByItsText) {
  EXPECT_FALSE(json::difference(Quantity{"1Gi"}, Quantity{"1024Mi"}));
  EXPECT_TRUE(json::difference(Quantity{"1Gi"}, Quantity{"1G"}));
  EXPECT_FALSE(json::difference(Quantity{"junk"}, Quantity{"junk"}));
  EXPECT_TRUE(json::difference(Quantity{"junk"}, Quantity{"other"}));
}

TEST(IntOrString, IsANumberOrAString) {
  EXPECT_EQ(json::parse<api::IntOrString>("5000")->number, 5000);
  EXPECT_EQ(json::parse<api::IntOrString>("\"registry\"")->text, "registry");
  EXPECT_FALSE(json::parse<api::IntOrString>("true"));
  EXPECT_FALSE(json::parse<api::IntOrString>("1.5"));
  EXPECT_FALSE(json::parse<api::IntOrString>("2147483648"));
  EXPECT_EQ(json::encode(api::IntOrString{5000, ""}), "5000");
  EXPECT_EQ(json::encode(api::IntOrString{0, "registry"}), "\"registry\"");
}

}  // namespace
