#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>

#include "unit/registry/checker_fixture.h"

namespace {

using namespace fake_registry;
using testing::HasSubstr;
using testing::SizeIs;

class PushCheckHostile : public CheckerTest {
 protected:
  PushCheckHostile() {
    options_.header_bytes = 8 << 10;
    options_.body_bytes = 64 << 10;
  }

  // Checks a registry that answers every request with these bytes.
  PushAnswer check_bytes(const std::string& bytes) {
    FakeServer server(
        [&](const Seen&, Peer& peer) {
          peer.send(bytes);
          return false;
        },
        tls());
    return check(server, kUser);
  }

  // Checks a registry that sends `begin` and then `more`, as long as the checker reads.
  PushAnswer check_endless(const std::string& begin, const std::string& more) {
    FakeServer server(
        [&](const Seen&, Peer& peer) {
          peer.send(begin);
          while (peer.send(more)) continue;
          return false;
        },
        tls());
    return check(server, kUser);
  }

  // Uses plain HTTP for this server. Tests with short timeouts need that, since the time of a TLS
  // handshake depends on the machine.
  void speak_plainly_to(const FakeServer& server) {
    options_.insecure_registries = {server.authority()};
  }

  void expect_unknown(const PushAnswer& answer, const std::string& why) {
    EXPECT_EQ(answer.answer, Answer::kUnknown);
    EXPECT_THAT(answer.message, HasSubstr(why));
  }
};

TEST_F(PushCheckHostile, WhatIsNotHttpIsUnknown) {
  for (const std::string_view bytes :
       {"hello\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 banana\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"}) {
    expect_unknown(check_bytes(std::string(bytes)), "the answer is not HTTP");
  }
}

TEST_F(PushCheckHostile, AnAnswerThatBreaksOffIsUnknown) {
  expect_unknown(check_bytes("HTTP/1.1 200 OK\r\nContent-Le"), "in the middle of the answer");
  expect_unknown(check_bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
                 "in the middle of the answer");
}

TEST_F(PushCheckHostile, ABodyWithoutEndIsUnknown) {
  const std::string part(10000, 'x');
  expect_unknown(check_endless("HTTP/1.1 200 OK\r\n\r\n", part), "a body of more than 65536 bytes");
  expect_unknown(
      check_endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "4\r\nabcd\r\n"),
      "a body of more than 65536 bytes");
}

TEST_F(PushCheckHostile, HeadersWithoutEndAreUnknown) {
  expect_unknown(check_endless("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"),
                 "headers of more than 8192 bytes");
  expect_unknown(check_endless("HTTP/1.1 200 OK\r\nX-Long: ", "xxxxxxxxxxxxxxxx"),
                 "headers of more than 8192 bytes");
}

TEST_F(PushCheckHostile, InterimAnswersWithoutEndAreUnknown) {
  expect_unknown(check_endless("", "HTTP/1.1 100 Continue\r\n\r\n"), "too many interim answers");
}

TEST_F(PushCheckHostile, AnAnswerThatDripsEndsWithTheTime) {
  options_.request_timeout = 500ms;
  FakeServer server([](const Seen&, Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X: y\r\n")) std::this_thread::sleep_for(20ms);
    return false;
  });
  speak_plainly_to(server);
  const auto begin = clock_.now();
  expect_unknown(check(server), "no complete answer in time");
  EXPECT_LT(clock_.now() - begin, options_.timeout / 2);
}

TEST_F(PushCheckHostile, TheWholeCheckHasItsTimeHoweverManyRequestsItTakes) {
  options_.timeout = 1200ms;
  options_.request_timeout = 10s;
  FakeServer server([](const Seen& seen, Peer& peer) {
    std::this_thread::sleep_for(300ms);
    peer.answer(307, "", "Location: " + seen.target + "\r\n");
    return true;
  });
  speak_plainly_to(server);
  const auto begin = clock_.now();
  expect_unknown(check(server), "no complete answer in time");
  EXPECT_LT(clock_.now() - begin, options_.request_timeout / 2);
}

TEST_F(PushCheckHostile, RedirectsOnOneHostAreFollowedWithCredentials) {
  Registry registry;
  registry.ping = {401, "WWW-Authenticate: Basic realm=x\r\n"};
  registry.authorization = kBasic;
  FakeServer server(
      [&](const Seen& seen, Peer& peer) {
        if (seen.target.find("moved") == std::string::npos && seen.method != "DELETE") {
          peer.answer(308, "", "Location: /moved" + seen.target + "\r\n");
          return true;
        }
        Seen there = seen;
        if (there.method == "GET") there.target = "/v2/";
        return registry(there, peer);
      },
      tls());
  EXPECT_EQ(check(server, kUser).answer, Answer::kGranted);
}

TEST_F(PushCheckHostile, RedirectsWithoutEndAreUnknown) {
  FakeServer server(
      [](const Seen& seen, Peer& peer) {
        peer.answer(307, "", "Location: " + seen.target + "x\r\n");
        return true;
      },
      tls());
  expect_unknown(check(server), "redirects more than 5 times");
  EXPECT_THAT(server.lines(), SizeIs(6));
}

TEST_F(PushCheckHostile, ARedirectToAnotherHostIsNotFollowed) {
  FakeServer elsewhere(Registry{}, tls());
  for (const std::string& location :
       {"https://" + elsewhere.authority() + "/v2/", "//" + elsewhere.authority() + "/v2/",
        std::string("https://localhost/v2/")}) {
    Registry registry;
    registry.ping = {302, "Location: " + location + "\r\n"};
    FakeServer server(registry, tls());
    expect_unknown(check(server, kUser), "redirects to another host, which is not followed");
  }
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(PushCheckHostile, ARedirectFromHttpsToHttpIsNotFollowed) {
  Registry registry;
  FakeServer server(
      [](const Seen& seen, Peer& peer) {
        peer.answer(302, "", "Location: http://" + seen.header("Host") + "/v2/\r\n");
        return true;
      },
      tls());
  expect_unknown(check(server, kUser), "redirects from HTTPS to plain HTTP");
}

TEST_F(PushCheckHostile, ARedirectToNowhereIsUnknown) {
  for (const std::string_view location :
       {"", "Location: \r\n", "Location: http://[x\r\n", "Location: file:///etc/passwd\r\n",
        "Location: https://hidden:hidden@127.0.0.1/\r\n"}) {
    Registry registry;
    registry.ping = {302, std::string(location)};
    FakeServer server(registry, tls());
    expect_unknown(check(server, kUser), "redirects to ");
  }
}

TEST_F(PushCheckHostile, AnUploadThatIsRedirectedToAnotherMethodIsUnknown) {
  Registry registry;
  registry.begin = {302, "Location: /v2/\r\n"};
  FakeServer server(registry, tls());
  expect_unknown(check(server), "in a way that changes its method");
}

TEST_F(PushCheckHostile, AnUploadThatIsRedirectedElsewhereTakesNothingThere) {
  FakeServer elsewhere(Registry{}, tls());
  Registry registry;
  registry.ping = {401, "WWW-Authenticate: Basic realm=x\r\n"};
  registry.authorization = kBasic;
  registry.begin = {307, "Location: https://" + elsewhere.authority() + "/v2/x\r\n"};
  FakeServer server(registry, tls());
  expect_unknown(check(server, kUser), "redirects to another host");
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(PushCheckHostile, ALocationThatIsTooLongIsNotUsed) {
  options_.header_bytes = 64 << 10;
  Registry registry;
  registry.begin = {202, "Location: /" + std::string(limits::kUrlBytes, 'x') + "\r\n"};
  FakeServer server(registry, tls());
  EXPECT_EQ(check(server).answer, Answer::kGranted);
  EXPECT_THAT(server.lines(), SizeIs(2));
}

TEST_F(PushCheckHostile, AControlCharacterInALocationIsNotSentOn) {
  for (const std::string_view location : {"/a\x01", "/a b", "/a\tb", "/\xff", "/a\r\n X: y"}) {
    Registry registry;
    registry.begin = {202, "Location: " + std::string(location) + "\r\n"};
    FakeServer server(registry, tls());
    check(server);
    EXPECT_THAT(server.lines(), SizeIs(testing::Le(2U))) << location;
  }
}

TEST_F(PushCheckHostile, AChallengeOfManyPartsIsReadToItsBound) {
  std::string many = "WWW-Authenticate: ";
  for (int i = 0; i < 400; ++i) many += "Unknown a=b, ";
  Registry registry;
  registry.ping = {401, many + "Basic realm=x\r\n"};
  FakeServer server(registry, tls());
  EXPECT_EQ(check(server, kUser).answer, Answer::kDenied);
}

TEST_F(PushCheckHostile, ACheckThatIsCancelledEndsAtOnceAndHangsUp) {
  FakeServer server([](const Seen&, Peer& peer) { return !peer.some().empty(); }, tls());
  PushChecker checker(io_.get_executor(), clock_, options_);
  Started<PushAnswer> started;
  start(checker.check(image(server.authority()), kUser), started);
  while (server.seen().empty()) run_for(10ms);
  started.cancel.emit(support::asio::cancellation_type::terminal);
  const auto begin = clock_.now();
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
  EXPECT_LT(clock_.now() - begin, options_.request_timeout / 2);
  for (int i = 0; i < 100 && server.open() > 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(server.open(), 0);
}

TEST_F(PushCheckHostile, ACheckMayBeCancelledAtAnyMoment) {
  FakeServer server(
      [](const Seen& seen, Peer& peer) {
        std::this_thread::sleep_for(1ms);
        return Registry{}(seen, peer);
      },
      tls());
  PushChecker checker(io_.get_executor(), clock_, options_);
  int cancelled = 0;
  for (int round = 0; round < 100; ++round) {
    Started<PushAnswer> started;
    start(checker.check(image(server.authority()), kUser), started);
    io_.restart();
    io_.poll_one();  // starts the check
    support::asio::steady_timer timer(io_, round * 100us);
    timer.async_wait([&started](const boost::system::error_code& error) {
      if (!error && !started.done) {
        started.cancel.emit(support::asio::cancellation_type::terminal);
      }
    });
    finish(started);
    timer.cancel();
    io_.restart();
    io_.run();
    if (!started.value) ++cancelled;
    EXPECT_TRUE(started.value || failure_of(started.failure) == "cancelled")
        << failure_of(started.failure);
  }
  EXPECT_GT(cancelled, 10);
}

}  // namespace
