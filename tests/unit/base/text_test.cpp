#include "base/text/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace base {
namespace {

TEST(Text, LettersOfAsciiBecomeLowerCaseAndOtherBytesStay) {
  EXPECT_EQ(lower(std::string("Docker.IO:5000/Ä@[")), "docker.io:5000/Ä@[");
  EXPECT_EQ(lower('Z'), 'z');
  EXPECT_EQ(lower('['), '[');
}

TEST(Text, EqualityMayIgnoreTheCase) {
  EXPECT_TRUE(equal_ignoring_case("Content-Type", "content-TYPE"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
}

TEST(Text, AWordIsFoundInAListOfWords) {
  constexpr std::string_view kWords[] = {"yes", "on"};
  EXPECT_TRUE(is_one_of("on", kWords));
  EXPECT_FALSE(is_one_of("o", kWords));
  EXPECT_TRUE(is_one_of("a b", std::vector<std::string>{"a", "a b"}));
  EXPECT_FALSE(is_one_of("", std::vector<std::string>{}));
}

TEST(Text, WhiteSpaceAtBothEndsIsTrimmed) {
  EXPECT_EQ(trimmed(" \t\r\na b \n"), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \n "), "");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed("\v a"), "\v a");
}

TEST(Text, OtherCharactersMayBeTrimmed) {
  EXPECT_EQ(trimmed(" \n a ", " "), "\n a");
  EXPECT_EQ(trimmed(std::string_view("\0a\0", 3), std::string_view("\0", 1)), "a");
}

TEST(Text, PartsAreBetweenSeparatorsAndMayBeEmpty) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(parts("a,b", ','), (Parts{"a", "b"}));
  EXPECT_EQ(parts(",a,,", ','), (Parts{"", "a", "", ""}));
  EXPECT_EQ(parts("a", ','), (Parts{"a"}));
  EXPECT_EQ(parts("", ','), (Parts{""}));
}

TEST(Text, APredicateSeesPartsUntilOneDoesNotFulfilIt) {
  std::string seen;
  const auto is_short = [&](std::string_view part) {
    seen += part;
    return part.size() < 2;
  };
  EXPECT_TRUE(all_parts("a.b.", '.', is_short));
  EXPECT_EQ(seen, "ab");
  EXPECT_FALSE(all_parts("c.dd.e", '.', is_short));
  EXPECT_EQ(seen, "abcdd");
}

TEST(Text, ClassesOfCharactersAreThoseOfAscii) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto character = static_cast<char>(byte);
    const bool digit = byte >= 0x30 && byte <= 0x39;
    const bool upper = byte >= 0x41 && byte <= 0x5A;
    const bool lower_case = byte >= 0x61 && byte <= 0x7A;
    EXPECT_EQ(is_digit(character), digit) << byte;
    EXPECT_EQ(is_upper(character), upper) << byte;
    EXPECT_EQ(is_lower(character), lower_case) << byte;
    EXPECT_EQ(is_letter(character), upper || lower_case) << byte;
    EXPECT_EQ(is_alphanumeric(character), upper || lower_case || digit) << byte;
    EXPECT_EQ(is_lower_hex(character), digit || (lower_case && byte <= 0x66)) << byte;
  }
}

}  // namespace
}  // namespace base
