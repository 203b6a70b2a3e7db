#include "net/http.h"

#include <gtest/gtest.h>

#include "net/text.h"
#include "net/url.h"

namespace {

TEST(RetryAfter, IsSecondsAndAtMostADay) {
  using std::chrono::hours;
  using std::chrono::seconds;
  EXPECT_EQ(net::parse_retry_after("0"), seconds(0));
  EXPECT_EQ(net::parse_retry_after("120"), seconds(120));
  EXPECT_EQ(net::parse_retry_after("999999999"), hours(24));
  EXPECT_EQ(net::parse_retry_after("99999999999999999999999"), hours(24));
  for (const std::string_view other : {"", "-1", "1.5", " 1", "Wed, 21 Oct 2026 07:28:00 GMT"}) {
    EXPECT_FALSE(net::parse_retry_after(other)) << other;
  }
}

TEST(HeaderNamePart, EncodesAllButLettersDigitsAndDashes) {
  EXPECT_EQ(net::header_name_part("acme.test/Team-1 %"), "acme.test%2FTeam-1%20%25");
}

TEST(AnswerParser, TakesAnAnswerInPiecesOfAnySize) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nRetry-After: 3\r\n\r\n"
      "5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t piece = 1; piece <= answer.size(); ++piece) {
    net::AnswerParser parser({1000, 1000});
    for (std::size_t at = 0; at < answer.size(); at += piece) {
      const auto fed = parser.feed(std::string_view(answer).substr(at, piece));
      ASSERT_TRUE(fed) << base::to_string(fed.error());
    }
    EXPECT_TRUE(parser.done());
    EXPECT_TRUE(parser.keep_alive());
    EXPECT_EQ(parser.take_body(), "hello world");
    EXPECT_EQ(parser.retry_after(), std::chrono::seconds(3));
  }
}

TEST(AnswerParser, ABodyWithoutALengthEndsWithTheConnection) {
  net::AnswerParser parser({1000, 1000});
  ASSERT_TRUE(parser.feed("HTTP/1.1 200 OK\r\n\r\nall of "));
  ASSERT_TRUE(parser.feed("it"));
  EXPECT_FALSE(parser.done());
  ASSERT_TRUE(parser.end());
  EXPECT_TRUE(parser.done());
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_EQ(parser.take_body(), "all of it");
}

TEST(AnswerParser, AnAnswerWithoutABodyIsDoneWithItsHead) {
  net::AnswerParser parser({1000, 1000});
  ASSERT_TRUE(parser.feed("HTTP/1.1 204 No Content\r\n\r\n"));
  EXPECT_TRUE(parser.done());
  EXPECT_TRUE(parser.keep_alive());
}

TEST(AnswerParser, RefusesContradictionsAndBytesAfterTheEnd) {
  for (const std::string_view wrong :
       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more", "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    net::AnswerParser parser({1000, 1000});
    const auto fed = parser.feed(wrong);
    ASSERT_FALSE(fed) << wrong;
    EXPECT_EQ(fed.error().code, base::ErrorCode::kMalformed);
  }
}

TEST(AnswerParser, DoesNotWaitForEverForTheRealAnswer) {
  net::AnswerParser parser({1000, 1000});
  std::string many;
  for (int i = 0; i < 20; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_FALSE(parser.feed(many));
}

TEST(ServerUrl, HasAHostThatCanBeANameOrAnAddress) {
  for (const char* host : {"host", "a_b.example", "127.0.0.1", "[::1]", "h%6Fst"}) {
    EXPECT_TRUE(net::parse_server_url("https://" + std::string(host))) << host;
  }
  for (const char* wrong :
       {"a%1Db", "a%0D%0Ab", "a%20b", "a%2Fb", "a;b", "a%C3%A9", "a%3Ab", "1%3A80"}) {
    EXPECT_FALSE(net::parse_server_url("https://" + std::string(wrong))) << wrong;
    EXPECT_FALSE(net::parse_proxy_url("http://" + std::string(wrong))) << wrong;
  }
}

TEST(ServerUrl, HasAPortBetween1And65535) {
  EXPECT_EQ(net::parse_server_url("https://host:65535")->port, 65535);
  for (const std::string_view wrong : {"0", "65536", "70000", "99999", "4294967297", "-1", "x"}) {
    EXPECT_FALSE(net::parse_server_url("https://host:" + std::string(wrong))) << wrong;
  }
}

TEST(AnswerParser, KeepsHeadersInTheirOrderWhenAsked) {
  using Parser = net::AnswerParser;
  Parser parser({1000, 1000}, Parser::Kind::kPlain, Parser::Headers::kKept);
  ASSERT_TRUE(
      parser.feed("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\na:  2\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\nA: trailer\r\n\r\n"));
  EXPECT_TRUE(parser.done());
  const std::vector<net::HeaderLine> expected = {
      {"A", "1"}, {"a", "2"}, {"Transfer-Encoding", "chunked"}};
  EXPECT_EQ(parser.headers(), expected);
}

TEST(AnswerParser, AnAnswerToAHeadHasNoBody) {
  using Parser = net::AnswerParser;
  Parser parser({1000, 1000}, Parser::Kind::kHead);
  ASSERT_TRUE(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 7000\r\n\r\n"));
  EXPECT_TRUE(parser.done());
  EXPECT_TRUE(parser.keep_alive());
}

}  // namespace
