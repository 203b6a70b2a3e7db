#include "net/socks.h"

#include <gmock/gmock.h>

namespace {

using base::ErrorCode;
using testing::HasSubstr;

net::ProxyUrl proxy_of(const std::string& user, const std::string& password) {
  return {net::ProxyKind::kSocks5, "proxy.test", 1080, user, password};
}

TEST(Socks, OffersThePasswordOnlyIfThereIsAUserOrAPassword) {
  EXPECT_EQ(net::socks::greeting(proxy_of("", "")), std::string("\5\1\0", 3));
  EXPECT_EQ(net::socks::greeting(proxy_of("jane", "")), std::string("\5\2\0\2", 4));
  EXPECT_EQ(net::socks::greeting(proxy_of("", "secret")), std::string("\5\2\0\2", 4));
}

TEST(Socks, AMethodIsOneOfTheOffered) {
  EXPECT_EQ(*net::socks::parse_method(std::string("\5\0", 2)), net::socks::Method::kNone);
  EXPECT_EQ(*net::socks::parse_method("\5\2"), net::socks::Method::kPassword);
  EXPECT_EQ(net::socks::parse_method("\5\1").error().code, ErrorCode::kNetwork);
  EXPECT_EQ(net::socks::parse_method("\4\2").error().code, ErrorCode::kMalformed);
  EXPECT_EQ(net::socks::parse_method("\5").error().code, ErrorCode::kMalformed);
}

TEST(Socks, UserNameAndPasswordHaveAtMost255BytesEach) {
  const std::string longest(255, 'x');
  const auto message = net::socks::password_message(proxy_of(longest, longest));
  ASSERT_TRUE(message);
  EXPECT_EQ(*message, "\1\xff" + longest + "\xff" + longest);
  for (const net::ProxyUrl& proxy : {proxy_of(longest + "x", ""), proxy_of("", longest + "x")}) {
    EXPECT_EQ(net::socks::password_message(proxy).error().code, ErrorCode::kInvalid);
  }
}

TEST(Socks, AnAnswerToThePasswordIsYesOrNo) {
  EXPECT_TRUE(net::socks::parse_password_answer(std::string("\1\0", 2)));
  EXPECT_EQ(net::socks::parse_password_answer("\1\1").error().code, ErrorCode::kNetwork);
  EXPECT_EQ(net::socks::parse_password_answer(std::string("\5\0", 2)).error().code,
            ErrorCode::kMalformed);
  EXPECT_EQ(net::socks::parse_password_answer("\1").error().code, ErrorCode::kMalformed);
}

TEST(Socks, AServerIsNamedByItsAddressOrItsName) {
  using net::socks::connect_message;
  EXPECT_EQ(*connect_message("127.0.0.1", 443), std::string("\5\1\0\1\x7f\0\0\1\1\xbb", 10));
  EXPECT_EQ(*connect_message("::1", 80),
            std::string("\5\1\0\4", 4) + std::string(15, '\0') + std::string("\1\0\x50", 3));
  EXPECT_EQ(*connect_message("server.test", 80), std::string("\5\1\0\3\x0bserver.test\0\x50", 18));
  EXPECT_TRUE(connect_message(std::string(255, 'x'), 80));
  EXPECT_EQ(connect_message(std::string(256, 'x'), 80).error().code, ErrorCode::kInvalid);
}

TEST(Socks, AReplyHasAnAddressOfThreeKinds) {
  using net::socks::rest_of_reply;
  EXPECT_EQ(*rest_of_reply(std::string("\5\0\0\1\x7f", 5)), 5U);
  EXPECT_EQ(*rest_of_reply(std::string("\5\0\0\4\0", 5)), 17U);
  EXPECT_EQ(*rest_of_reply(std::string("\5\0\0\3\xff", 5)), 257U);
  for (const std::string& wrong : {std::string("\5\0\0\2\0", 5), std::string("\4\0\0\1\0", 5),
                                   std::string("\5\0\0\1", 4), std::string()}) {
    EXPECT_EQ(rest_of_reply(wrong).error().code, ErrorCode::kMalformed);
  }
}

TEST(Socks, ARefusalGivesItsReasonOrItsNumber) {
  using net::socks::rest_of_reply;
  EXPECT_EQ(rest_of_reply(std::string("\5\5\0\1\0", 5)).error().message, "connection refused");
  const auto other = rest_of_reply(std::string("\5\xc8\0\1\0", 5));
  EXPECT_EQ(other.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(other.error().message, HasSubstr("200"));
}

}  // namespace
