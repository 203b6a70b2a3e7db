#include "base/text/base64.h"

#include <gtest/gtest.h>

namespace {

TEST(Base64, IsWhatItWasAfterThereAndBack) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd"}) {
    EXPECT_EQ(base::decode_base64(base::encode_base64(text)), text);
  }
  const std::string bytes("\x00\xff\x10\n", 4);
  EXPECT_EQ(base::decode_base64(base::encode_base64(bytes)), bytes);
}

TEST(Base64, GetsThePaddingThatWasLeftOut) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd"}) {
    const std::string padded = base::encode_base64(text);
    EXPECT_EQ(base::padded_base64(padded.substr(0, padded.find('='))), padded);
  }
}

TEST(Base64, SkipsWhiteSpaceAndRefusesAnythingElse) {
  EXPECT_EQ(base::decode_base64("aGVs\n bG8=\r\n"), "hello");
  for (const std::string_view wrong :
       {"a", "aGVsbG8", "aGVs!G8=", "=AAA", "A===", "aG=s", "====", "YQ==YQ=="}) {
    EXPECT_FALSE(base::decode_base64(wrong)) << wrong;
  }
}

}  // namespace
