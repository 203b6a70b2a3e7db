#include "net/http/http.h"

#include <gtest/gtest.h>

#include "net/text.h"

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

TEST(AnswerParser, RefusesAHeadThatIsNotCompleteWithinItsBound) {
  const std::string head = "HTTP/1.1 200 OK\r\nA: " + std::string(100, 'x') + "\r\n\r\n";
  for (const std::size_t piece : {1U, 16U}) {
    net::AnswerParser enough({head.size() + 10, 10});
    net::AnswerParser parser({head.size() - 10, 10});
    base::Result<void> fed;
    for (std::size_t at = 0; at < head.size(); at += piece) {
      ASSERT_TRUE(enough.feed(std::string_view(head).substr(at, piece)));
      if (fed) fed = parser.feed(std::string_view(head).substr(at, piece));
    }
    EXPECT_TRUE(enough.head_done());
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().code, base::ErrorCode::kTooLarge);
  }
}

TEST(AnswerParser, RefusesABodyOverItsBoundHoweverItsLengthIsGiven) {
  for (const std::string& body :
       {std::string("Content-Length: 11\r\n\r\nhello world"), std::string("\r\nhello world"),
        std::string("Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n")}) {
    net::AnswerParser enough({1000, 11});
    EXPECT_TRUE(enough.feed("HTTP/1.1 200 OK\r\n" + body));
    net::AnswerParser unlimited({1000, 0});
    EXPECT_TRUE(unlimited.feed("HTTP/1.1 200 OK\r\n" + body));
    EXPECT_EQ(unlimited.take_body(), "hello world");
    net::AnswerParser parser({1000, 10});
    const auto fed = parser.feed("HTTP/1.1 200 OK\r\n" + body);
    ASSERT_FALSE(fed) << body;
    EXPECT_EQ(fed.error().code, base::ErrorCode::kTooLarge);
    EXPECT_EQ(fed.error().message, "the answer has a body of more than 10 bytes");
  }
}

TEST(AnswerParser, AnAnswerOfAnErrorHasABoundForItself) {
  for (const auto& [status, is_fine] : {std::pair("200", true), std::pair("404", false)}) {
    net::AnswerParser parser({1000, 100, 4});
    EXPECT_EQ(
        parser.feed("HTTP/1.1 " + std::string(status) + " Some\r\nContent-Length: 5\r\n\r\nhello")
            .has_value(),
        is_fine);
  }
}

TEST(AnswerParser, ABodyThatIsTakenWhileItArrivesMayExceedItsBound) {
  net::AnswerParser parser({1000, 5});
  ASSERT_TRUE(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"));
  EXPECT_EQ(parser.take_body(), "hello");
  ASSERT_TRUE(parser.feed("again"));
  EXPECT_TRUE(parser.done());
  EXPECT_EQ(parser.take_body(), "again");
}

TEST(AnswerParser, ABoundMayBeSetOnceTheHeadIsKnown) {
  net::AnswerParser parser({1000, 0});
  ASSERT_TRUE(parser.feed("HTTP/1.1 500 Oops\r\n\r\n"));
  ASSERT_TRUE(parser.head_done());
  parser.keep_whole_body(4);
  EXPECT_TRUE(parser.feed("1234"));
  EXPECT_FALSE(parser.feed("5"));
}

TEST(AnswerParser, AFilterKeepsPartOfTheBodyOfASuccess) {
  for (const std::string status : {"200", "404"}) {
    net::AnswerParser parser({1000, 100});
    parser.filter_body([](std::string_view piece, std::string& kept) { kept += piece.back(); });
    ASSERT_TRUE(parser.feed("HTTP/1.1 " + status + " Some\r\nContent-Length: 10\r\n\r\nhello"));
    ASSERT_TRUE(parser.feed("world"));
    EXPECT_EQ(parser.take_body(), status == "200" ? "od" : "helloworld");
  }
}

TEST(AnswerParser, KnowsWhetherTheConnectionGoesOn) {
  const auto keeps = [](const std::string& begin) {
    net::AnswerParser parser({1000, 1000});
    EXPECT_TRUE(parser.feed(begin + "Content-Length: 0\r\n\r\n"));
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\n"));
  EXPECT_TRUE(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"));
}

TEST(RequestHead, HasItsHeadersInTheirOrder) {
  EXPECT_EQ(*net::request_head("GET", "/a?b=c", {{"Host", "x"}, {"Accept", "*/*"}}),
            "GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n");
}

TEST(RequestHead, RefusesWhatWouldBecomeAnotherRequest) {
  for (const std::string target : {"", "/a b", "/a\r\nb", "/a\tb", "/\xc3\xa9", "/\x7f"}) {
    EXPECT_EQ(net::request_head("GET", target, {}).error().code, base::ErrorCode::kInvalid);
  }
  EXPECT_FALSE(net::request_head("GET", "/", {{"Name", "value\r\nOther: x"}}));
  EXPECT_FALSE(net::request_head("GET", "/", {{"Na me", "value"}}));
  const auto secret = net::request_head("GET", "/", {{"Authorization", "secret\n"}});
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().message, "the value of the header Authorization has control characters");
}

TEST(Text, FitsAHeaderWithoutControlCharacters) {
  EXPECT_TRUE(net::fits_header(""));
  EXPECT_TRUE(net::fits_header("Bearer abc d\xc3\xa9"));
  for (const char wrong : {'\0', '\n', '\r', '\x1f', '\x7f'}) {
    EXPECT_FALSE(net::fits_header(std::string("a") + wrong + "b")) << static_cast<int>(wrong);
  }
}

}  // namespace
