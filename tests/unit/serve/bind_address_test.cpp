#include "serve/bind_address.h"

#include <gtest/gtest.h>

namespace {

using serve::BindAddress;

TEST(BindAddress, IsReadAsOperatorsWriteIt) {
  const std::pair<const char*, BindAddress> cases[] = {
      {":8080", {"", 8080}},
      {"127.0.0.1:8081", {"127.0.0.1", 8081}},
      {"0.0.0.0:1", {"0.0.0.0", 1}},
      {"localhost:8081", {"127.0.0.1", 8081}},
      {"[::]:8080", {"::", 8080}},
      {"[::1]:65535", {"::1", 65535}},
      {":0", {"", 0}},
  };
  for (const auto& [text, expected] : cases) {
    const auto address = serve::parse_bind_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(*address, expected) << text;
  }
}

TEST(BindAddress, ZeroIsOff) {
  const auto address = serve::parse_bind_address("0");
  ASSERT_TRUE(address);
  EXPECT_FALSE(address->has_value());
}

TEST(BindAddress, AnythingElseIsRefusedWithTheText) {
  for (const char* text : {"",          "8080",       ":",          ":http",   ":65536",
                           ":-1",       ":+1",        ": 80",       ":80 ",    "example:80",
                           "127.0.0.1", "127.0.0.1:", "127.0.0:80", "::1:80",  "[127.0.0.1]:80",
                           "[::1]",     "[::1]80",    "[]:80",      "[::1:80", "256.1.1.1:80",
                           "00"}) {
    const auto address = serve::parse_bind_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, base::ErrorCode::kInvalid);
    EXPECT_NE(address.error().message.find("'" + std::string(text) + "'"), std::string::npos);
  }
}

TEST(BindAddress, IsWrittenAsItIsRead) {
  for (const char* text : {":8080", "127.0.0.1:8081", "[::1]:8080"}) {
    EXPECT_EQ(to_string(**serve::parse_bind_address(text)), text);
  }
}

}  // namespace
