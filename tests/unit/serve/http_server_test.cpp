#include "serve/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <list>

#include "unit/serve/server.h"

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using test::closing;
using test::Server;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Client {
 public:
  // `receive_buffer`: bytes of the client socket's receive buffer; 0 means the system's default.
  explicit Client(std::uint16_t port, const std::string& host = "127.0.0.1", int receive_buffer = 0)
      : socket_(context_) {
    const tcp::endpoint server(asio::ip::make_address(host), port);
    socket_.open(server.protocol());
    if (receive_buffer > 0) {
      socket_.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
    }
    socket_.connect(server);
  }

  void send(const std::string& text) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(text), ignored);
  }

  // Reads until the server closes the connection.
  std::string read_to_end() {
    std::string text;
    boost::system::error_code ignored;
    asio::read(socket_, asio::dynamic_buffer(text), ignored);
    return text;
  }

  std::string read(std::size_t bytes) {
    std::string text(bytes, '\0');
    boost::system::error_code ignored;
    text.resize(asio::read(socket_, asio::buffer(text), ignored));
    return text;
  }

  // Reads up to and including this text, or to the end.
  std::string read_until(const std::string& text) {
    std::string read;
    boost::system::error_code ignored;
    asio::read_until(socket_, asio::dynamic_buffer(read), text, ignored);
    return read;
  }

  std::size_t available() { return socket_.available(); }

 private:
  asio::io_context context_;
  tcp::socket socket_;
};

std::string answer_to(const Server& server, const std::string& request) {
  Client client(server.port());
  client.send(request);
  return client.read_to_end();
}

TEST(HttpServer, AnswersAGet) {
  const Server server;
  const std::string answer = answer_to(server, closing("GET /hello?a=1"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 9\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhello a=1"));
}

TEST(HttpServer, AnswersAHeadAsAGetWithoutTheBody) {
  const Server server;
  const std::string answer = answer_to(server, closing("HEAD /hello?a=1"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 9\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServer, AnUnknownPathIsNotFound) {
  const Server server;
  for (const char* path : {"/", "/hello/", "/Hello", "/hello%20", "//hello", "*", "/a?hello"}) {
    EXPECT_THAT(answer_to(server, closing(std::string("GET ") + path)),
                StartsWith("HTTP/1.1 404 Not Found\r\n"))
        << path;
  }
}

TEST(HttpServer, AnotherMethodIsNotAllowed) {
  const Server server;
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    const std::string answer = answer_to(server, closing(std::string(method) + " /hello"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
    EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  }
  EXPECT_THAT(answer_to(server, closing("GET /echo")), HasSubstr("\r\nAllow: POST\r\n"));
}

TEST(HttpServer, GivesAnEndpointTheBodyAndTheHeaders) {
  const Server server;
  const std::string answer = answer_to(
      server, closing("POST /echo", "Content-Type: a/b\r\nContent-Length: 4\r\n\r\nbody"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 201 Created\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: a/b\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nbody"));
  EXPECT_THAT(
      answer_to(server,
                closing("POST /echo", "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n")),
      EndsWith("\r\n\r\nbody"));
}

TEST(HttpServer, ABodyOverTheBoundIsRefused) {
  const Server server;
  EXPECT_THAT(answer_to(server, closing("POST /echo", "Content-Length: 1000000\r\n\r\n")),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer_to(server, closing("GET /hello", "Content-Length: 5\r\n\r\nabcde")),
              StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServer, AClientThatIsStillSendingGetsTheRefusal) {
  const Server server;
  for (int i = 0; i < 5; ++i) {
    const std::string body(4'000'000, 'x');
    const std::string answer =
        answer_to(server, closing("POST /echo", "Content-Length: " + std::to_string(body.size()) +
                                                    "\r\n\r\n" + body));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(answer, HasSubstr("request body too large: 4000000 bytes, the maximum is 1000"));
  }
}

TEST(HttpServer, AHeaderOverTheBoundIsRefused) {
  const Server server;
  const std::string much(limits::kServeHeaderBytes + 1, 'x');
  EXPECT_THAT(answer_to(server, closing("GET /hello", "X: " + much + "\r\n\r\n")),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to(server, closing("GET /" + much)), StartsWith("HTTP/1.1 431 "));
}

TEST(HttpServer, AHeadOfManyFieldsIsRefused) {
  const Server server;
  std::string fields;
  for (std::size_t i = 0; i + 2 < limits::kServeHeaderFields; ++i) fields += "a:b\r\n";
  EXPECT_THAT(answer_to(server, closing("GET /hello", fields + "\r\n")),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer_to(server, closing("GET /hello", fields + "c:d\r\n\r\n")),
              StartsWith("HTTP/1.1 431 "));
}

TEST(HttpServer, WhatIsNoHttpIsABadRequest) {
  const Server server;
  for (const char* text : {"hello\r\n\r\n", "GET /hello\r\n\r\n", "GET /hello HTTP/9.9\r\n\r\n",
                           "GET /hello HTTP/1.1\r\nno colon\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n",
                           "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}) {
    EXPECT_THAT(answer_to(server, text), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << text;
  }
}

TEST(HttpServer, KeepsTheConnectionForMoreRequests) {
  const Server server;
  Client client(server.port());
  std::string all;
  for (int i = 0; i < 3; ++i) client.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
  client.send(closing("GET /hello?last"));
  all = client.read_to_end();
  std::size_t answers = 0;
  for (auto at = all.find("HTTP/1.1 200"); at != std::string::npos;
       at = all.find("HTTP/1.1 200", at + 1)) {
    ++answers;
  }
  EXPECT_EQ(answers, 4U);
  EXPECT_THAT(all, EndsWith("hello last"));
}

TEST(HttpServer, ClosesAfterARequestOfHttp10) {
  const Server server;
  EXPECT_THAT(answer_to(server, "GET /hello HTTP/1.0\r\n\r\n"), EndsWith("hello "));
}

TEST(HttpServer, AnExceptionOfAnEndpointIsAnInternalErrorWithoutItsText) {
  const Server server;
  const std::string answer = answer_to(server, closing("GET /throws"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("a bug")));
  EXPECT_THAT(answer_to(server, closing("GET /hello")), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, ARequestThatDoesNotComeInTimeIsDropped) {
  serve::ServerOptions options;
  options.head = 50ms;
  const Server server(options);
  EXPECT_EQ(answer_to(server, "GET /hello HTTP/1.1\r\nHost:"), "");
  EXPECT_EQ(answer_to(server, ""), "");
}

TEST(HttpServer, MoreConnectionsThanTheBoundWaitForTheirTurn) {
  serve::ServerOptions options;
  options.connection_limits.connections = 2;
  options.connection_limits.keep_time = 60s;
  options.connection_limits.wait = 60s;
  const Server server(options);
  auto first = std::make_unique<Client>(server.port());
  first->send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\nGET /he");
  first->read(12);
  Client second(server.port());
  second.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\nGET /he");
  second.read(12);
  Client third(server.port());
  third.send(closing("GET /hello"));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(third.available(), 0U);
  first.reset();
  EXPECT_THAT(third.read_to_end(), StartsWith("HTTP/1.1 200 OK"));
}

TEST(HttpServer, AConnectionIsKeptBetweenRequestsForAsLongAsItMayBeIdle) {
  serve::ServerOptions options;
  options.head = 300ms;
  options.idle = 1500ms;
  const Server server(options);
  Client client(server.port());
  client.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
  client.read(12);
  std::this_thread::sleep_for(400ms);
  const auto start = std::chrono::steady_clock::now();
  client.send("GET /hello?again HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), HasSubstr("hello again"));
  EXPECT_GE(std::chrono::steady_clock::now() - start, options.idle - 50ms);
}

TEST(HttpServer, AnIdleConnectionMakesRoomForANewOne) {
  serve::ServerOptions options;
  options.connection_limits.connections = 2;
  const Server server(options);
  Client idle(server.port());
  idle.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
  idle.read(12);
  Client busy(server.port());
  busy.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\nGET /he");
  busy.read(12);
  EXPECT_THAT(answer_to(server, closing("GET /hello")), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(idle.read_to_end(), EndsWith("hello "));
  busy.send("llo?more HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(busy.read_to_end(), EndsWith("hello more"));
}

TEST(HttpServer, AConnectionThatBecomesIdleMakesRoomForOneThatWaits) {
  serve::ServerOptions options;
  options.connection_limits.connections = 1;
  options.connection_limits.keep_time = 60s;
  options.connection_limits.wait = 60s;
  options.head = 60s;
  options.idle = 8s;
  const Server server(options);
  Client busy(server.port());
  busy.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\nGET /he");
  busy.read(12);
  Client waiting(server.port());
  waiting.send(closing("GET /hello"));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(waiting.available(), 0U);
  const auto start = std::chrono::steady_clock::now();
  busy.send("llo?more HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_THAT(waiting.read_to_end(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, options.idle / 2);
  EXPECT_THAT(busy.read_to_end(), EndsWith("hello more"));
}

// Flood opens connections that send `text` and nothing more. Connection i comes from
// 127.0.0.`last_byte(i)`.
class Flood {
 public:
  Flood(std::uint16_t port, std::size_t connections, const std::string& text,
        const std::function<int(std::size_t)>& last_byte) {
    rlimit max{};
    getrlimit(RLIMIT_NOFILE, &max);
    max.rlim_cur = max.rlim_max;
    setrlimit(RLIMIT_NOFILE, &max);
    for (std::size_t i = 0; i < connections; ++i) {
      tcp::socket& socket = sockets_.emplace_back(context_);
      const auto from = "127.0.0." + std::to_string(last_byte(i));
      socket.open(tcp::v4());
      socket.bind({asio::ip::make_address(from), 0});
      socket.connect({asio::ip::make_address("127.0.0.1"), port});
      boost::system::error_code ignored;  // the server may have closed it already
      asio::write(socket, asio::buffer(text), ignored);
    }
  }

 private:
  asio::io_context context_;
  std::list<tcp::socket> sockets_;
};

constexpr std::size_t kFlood = 1000;

const std::string kWhole = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";

// UnderFlood expects answers for two clients while a flood takes all slots: a new one, and one
// that had an answer before. If the flood has answers, too, only the new client is checked: the
// other one's connection is idle longest, so the server closes it and that client is a new one,
// too.
class UnderFlood : public testing::TestWithParam<std::string> {
 protected:
  static void check(const std::function<int(std::size_t)>& last_byte) {
    const Server server(test::patient_options());
    Client kept(server.port());
    kept.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_THAT(kept.read_until("hello "), StartsWith("HTTP/1.1 200 OK"));
    const Flood flood(server.port(), kFlood, GetParam(), last_byte);
    for (int i = 0; i < 20; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_THAT(answer_to(server, closing("GET /hello")), StartsWith("HTTP/1.1 200 OK"));
      EXPECT_LT(std::chrono::steady_clock::now() - begin, test::kPatience / 2);
    }
    if (GetParam().starts_with(kWhole)) return;
    kept.send(closing("GET /hello?kept"));
    EXPECT_THAT(kept.read_to_end(), EndsWith("hello kept"));
  }
};

TEST_P(UnderFlood, OfTheirOwnAddress) {
  check([](std::size_t) { return 1; });
}

TEST_P(UnderFlood, OfOneOtherAddress) {
  check([](std::size_t) { return 2; });
}

TEST_P(UnderFlood, OfManyAddresses) {
  check([](std::size_t i) { return static_cast<int>(2 + i % 200); });
}

INSTANTIATE_TEST_SUITE_P(HttpServer, UnderFlood,
                         testing::Values("", "G", "GET /hello HTTP/1.1\r\nHost:",
                                         "POST /large HTTP/1.1\r\nContent-Length: 9999\r\n\r\nx",
                                         kWhole, kWhole + "GET /he"));

TEST(HttpServer, OneAddressHasNotAllPlaces) {
  serve::ServerOptions options;
  options.connection_limits.connections = 8;
  options.connection_limits.per_address = 4;
  options.connection_limits.silent_keep_time = 0ms;
  Server server(options);
  const Flood flood(server.port(), 20, "", [](std::size_t) { return 2; });
  EXPECT_THAT(answer_to(server, closing("GET /hello")), StartsWith("HTTP/1.1 200 OK"));
  std::size_t open = 0;
  server.run([&] { open = server.connections(); });
  EXPECT_LE(open, 4U);
}

TEST(HttpServer, WhileItDrainsEachAnswerEndsItsConnection) {
  Server server;
  Client before(server.port());
  before.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
  before.read(12);
  server.drain();
  before.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_THAT(before.read_to_end(), HasSubstr("\r\nConnection: close\r\n"));
  Client after(server.port());
  after.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_THAT(after.read_to_end(), StartsWith("HTTP/1.1 200 OK"));
}

std::string post_large(const std::string& body) {
  return closing("POST /large", "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n") +
         body;
}

const std::string kLargeBody(1'000'000, 'x');

TEST(HttpServer, OfLargeBodiesOneIsReadAtATimeAndTheOthersWaitForTheirTurn) {
  serve::ServerOptions options;
  options.large_body = 60s;
  options.large_keep_time = 60s;
  options.large_wait = 60s;
  const Server server(options);
  Client first(server.port());
  first.send(post_large(kLargeBody).substr(0, kLargeBody.size()));
  std::this_thread::sleep_for(50ms);
  Client second(server.port());
  std::thread sending([&] { second.send(post_large(kLargeBody)); });
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(second.available(), 0U);
  EXPECT_THAT(answer_to(server, closing("POST /echo", "Content-Length: 1\r\n\r\nx")),
              StartsWith("HTTP/1.1 201 "));
  first.send(std::string(200, 'x'));
  EXPECT_THAT(first.read_to_end(), StartsWith("HTTP/1.1 201 "));
  EXPECT_THAT(second.read_to_end(), StartsWith("HTTP/1.1 201 "));
  sending.join();
}

TEST(HttpServer, ALargeBodyWhoseTurnDoesNotComeIsRefusedWithTheReason) {
  serve::ServerOptions options;
  options.large_body = 60s;
  options.large_keep_time = 60s;
  options.large_wait = 50ms;
  const Server server(options);
  Client first(server.port());
  first.send(post_large(kLargeBody).substr(0, kLargeBody.size()));
  std::this_thread::sleep_for(50ms);
  Client second(server.port());
  second.send(post_large(std::string(40'000, 'x')));
  const std::string answer = second.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("too many requests of more than 32768 bytes at the same time"));
  first.send(std::string(200, 'x'));
  EXPECT_THAT(first.read_to_end(), StartsWith("HTTP/1.1 201 "));
  EXPECT_THAT(answer_to(server, post_large(kLargeBody)), StartsWith("HTTP/1.1 201 "));
}

TEST(HttpServer, ALargeBodyThatIsSlowLosesItsTurn) {
  serve::ServerOptions options;
  options.large_body = 100ms;
  options.large_keep_time = 60s;
  options.large_wait = 60s;
  const Server server(options);
  Client slow(server.port());
  slow.send(post_large(kLargeBody).substr(0, 500'000));
  std::this_thread::sleep_for(20ms);
  EXPECT_THAT(answer_to(server, post_large(kLargeBody)), StartsWith("HTTP/1.1 201 "));
  EXPECT_EQ(slow.read_to_end(), "");
}

TEST(HttpServer, WhoAnnouncesALargeBodyAndDoesNotSendItTakesNoRoomFromOthers) {
  const Server server;
  std::list<Client> slow;
  for (int i = 0; i < 4; ++i) {
    slow.emplace_back(server.port()).send(post_large(kLargeBody).substr(0, 8'000));
  }
  slow.emplace_back(server.port())
      .send(closing("POST /large", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"));
  std::this_thread::sleep_for(50ms);
  EXPECT_THAT(answer_to(server, post_large(kLargeBody)), StartsWith("HTTP/1.1 201 "));
}

TEST(HttpServer, WhoDoesNotReadItsAnswerTakesNoRoomFromOthers) {
  serve::ServerOptions options;
  options.answer_bytes = 1'500'000;
  const Server server(options);
  const std::string request =
      "POST /large HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(kLargeBody.size()) +
      "\r\n\r\n" + kLargeBody;
  std::list<Client> slow;  // their answers are larger than what the sockets hold
  for (int i = 0; i < 4; ++i) {
    slow.emplace_back(server.port(), "127.0.0.1", 4096).send(request);
    EXPECT_EQ(slow.back().read(12), "HTTP/1.1 201");
  }
  EXPECT_LT(slow.front().read_to_end().size(), kLargeBody.size());
  EXPECT_GT(slow.back().read(kLargeBody.size()).size(), kLargeBody.size() - 1);
}

TEST(HttpServer, ABodyOfUnknownLengthIsRefusedOnceItIsOverTheBound) {
  const Server server;
  EXPECT_THAT(answer_to(server, closing("POST /echo", "Transfer-Encoding: chunked\r\n\r\n400\r\n" +
                                                          std::string(0x400, 'x') + "\r\n")),
              StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServer, CancelledItClosesEveryConnectionAndEnds) {
  Server server(test::patient_options());
  Client idle(server.port());
  Client busy(server.port());
  busy.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\nGET /he");
  busy.read(12);
  const auto start = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, test::kPatience / 2);
  EXPECT_TRUE(server.cancelled);
  EXPECT_EQ(server.connections(), 0U);
  idle.read_to_end();
  busy.read_to_end();
  EXPECT_THROW(Client(server.port()), boost::system::system_error);
}

TEST(HttpServer, AddressInUseIsSaidWithTheAddress) {
  const Server server;
  asio::io_context context;
  base::Logger logger = base::Logger::silent();
  serve::HttpServer second(context.get_executor(), {}, logger);
  const auto bound = second.bind({"127.0.0.1", server.port()});
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().message, "cannot listen on 127.0.0.1:" + std::to_string(server.port()) +
                                       ": Address already in use");
}

TEST(HttpServer, AnAddressOfAnotherMachineCannotBeBound) {
  asio::io_context context;
  base::Logger logger = base::Logger::silent();
  serve::HttpServer server(context.get_executor(), {}, logger);
  const auto bound = server.bind({"192.0.2.1", 8080});
  ASSERT_FALSE(bound);
  EXPECT_THAT(bound.error().message, StartsWith("cannot listen on 192.0.2.1:8080: "));
}

TEST(HttpServer, WithoutAHostItListensOnIpv4AndIpv6) {
  const Server server({}, {"", 0});
  Client four(server.port(), "127.0.0.1");
  four.send(closing("GET /hello"));
  EXPECT_THAT(four.read_to_end(), StartsWith("HTTP/1.1 200 OK"));
  try {
    Client six(server.port(), "::1");
    six.send(closing("GET /hello"));
    EXPECT_THAT(six.read_to_end(), StartsWith("HTTP/1.1 200 OK"));
  } catch (const boost::system::system_error& error) {
    GTEST_SKIP() << "no IPv6 here: " << error.what();
  }
}

TEST(HttpServer, SurvivesClientsThatGoAwayAtAnyMoment) {
  const Server server;
  const std::string request = closing("POST /echo", "Content-Length: 4\r\n\r\nbody");
  for (std::size_t bytes = 0; bytes <= request.size(); ++bytes) {
    Client client(server.port());
    client.send(request.substr(0, bytes));
  }
  EXPECT_THAT(answer_to(server, closing("GET /hello")), StartsWith("HTTP/1.1 200 OK"));
}

}  // namespace
