#include "net/connection.h"

#include <poll.h>

#include <boost/asio/post.hpp>
#include <future>

#include "unit/net/connection_fixture.h"

namespace {

using namespace net_test;

// Connections is the fixture of connections without TLS and without a proxy.
using Connections = ConnectionTest;

TEST_F(Connections, APortThatNobodyListensOnIsANetworkError) {
  net::ServerRoute route;
  {
    const ScriptedServer server(answers(""));
    route = route_to(server);
  }
  const auto connected = connect(*connection(), route);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::kNetwork);
  EXPECT_EQ(
      connected.error().message,
      "cannot connect to 127.0.0.1:" + std::to_string(route.server.port) + ": Connection refused");
}

TEST_F(Connections, ANameThatCannotBeLookedUpIsANetworkErrorWithTheName) {
  const auto connected = connect(*connection(), route_to("http://no-such-host.invalid:80"));
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(connected.error().message, StartsWith("cannot look up no-such-host.invalid: "));
}

TEST_F(Connections, AnIpv6AddressIsShownInBrackets) {
  const auto connected = connect(*connection(), route_to("http://[::1]:1"));
  ASSERT_FALSE(connected);
  EXPECT_THAT(connected.error().message, StartsWith("cannot connect to [::1]:1: "));
}

TEST_F(Connections, ANameIsTriedWithItsAddresses) {
  const ScriptedServer server(answers("found"));
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server, "http", "localhost")));
  EXPECT_EQ(get(*to).body, "found");
}

TEST_F(Connections, TheGuardRefusesAnAddressBeforeAnythingIsSent) {
  const ScriptedServer server(answers(""));
  net::ServerRoute route = route_to(server);
  std::string seen;
  route.guard = [&](const boost::asio::ip::address& address) -> base::Result<void> {
    seen = address.to_string();
    return base::Error{ErrorCode::kForbidden, "not there"};
  };
  const auto connected = connect(*connection(), route);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().message, "not there");
  EXPECT_EQ(seen, "127.0.0.1");
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(Connections, TheGuardLeavesTheAllowedAddresses) {
  const ScriptedServer server(answers("allowed"));
  net::ServerRoute route = route_to(server, "http", "localhost");
  route.guard = [](const boost::asio::ip::address& address) -> base::Result<void> {
    if (address.is_v4()) return {};
    return base::Error{ErrorCode::kForbidden, "no IPv6"};
  };
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route));
  EXPECT_EQ(get(*to).body, "allowed");
}

TEST_F(Connections, RequestsInARowUseOneConnection) {
  const ScriptedServer server(answers("again"));
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server)));
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = get(*to);
    EXPECT_EQ(outcome.body, "again");
    EXPECT_TRUE(outcome.keep_alive);
    EXPECT_TRUE(to->is_reusable());
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(Connections, AnUnopenedConnectionCannotBeReused) {
  EXPECT_FALSE(connection()->is_reusable());
  EXPECT_EQ(connection()->written(), 0U);
  EXPECT_EQ(connection()->context(), nullptr);
}

TEST_F(Connections, AConnectionThatTheServerClosedCannotBeReused) {
  const ScriptedServer server([](Peer& peer) {
    peer.request();
    peer.answer(200, "last");
    ::shutdown(peer.descriptor(), SHUT_WR);
    peer.request();
  });
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server)));
  EXPECT_EQ(get(*to).body, "last");
  EXPECT_EQ(receive(*to).error.message, "the connection was closed before an answer came");
  EXPECT_FALSE(to->is_reusable());
}

TEST_F(Connections, AConnectionOnWhichTheServerSpeaksUnaskedCannotBeReused) {
  std::promise<void> sent;
  const ScriptedServer server([&](Peer& peer) {
    peer.request();
    peer.answer(200, "asked");
    if (!peer.request()) return;
    peer.answer(200, "asked too");
    peer.send("unasked");
    sent.set_value();
    peer.request();
  });
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server)));
  EXPECT_EQ(get(*to).body, "asked");
  EXPECT_TRUE(to->is_reusable());
  const Outcome outcome = get(*to);
  sent.get_future().wait();
  EXPECT_TRUE(outcome.is_error() || !to->is_reusable()) << outcome.body;
}

TEST_F(Connections, AnAnswerThatIsCutInTheMiddleIsANetworkError) {
  struct Cut {
    std::string sent;
    std::string message;
  };
  const std::string middle = "the connection was closed in the middle of the answer";
  for (const Cut& cut : std::vector<Cut>{
           {"", "the connection was closed before an answer came"},
           {"HTTP/1.1 200 OK\r\nContent-", middle},
           {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", middle},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", middle},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", middle},
       }) {
    const ScriptedServer server([&](Peer& peer) {
      peer.request();
      peer.send(cut.sent);
      ::shutdown(peer.descriptor(), SHUT_RDWR);
    });
    const auto to = connection();
    ASSERT_TRUE(connect(*to, route_to(server)));
    const Outcome outcome = get(*to);
    EXPECT_EQ(outcome.error.code, ErrorCode::kNetwork) << cut.sent;
    EXPECT_EQ(outcome.error.message, cut.message) << cut.sent;
  }
}

TEST_F(Connections, ABodyMayHaveExactlyAsManyBytesAsItsBound) {
  const ScriptedServer server(answers(std::string(100, 'x')));
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server)));
  EXPECT_EQ(get(*to, {1000, 100}).body.size(), 100U);
  const Outcome outcome = get(*to, {1000, 99});
  EXPECT_EQ(outcome.error.code, ErrorCode::kTooLarge);
  EXPECT_EQ(outcome.error.message, "the answer has a body of more than 99 bytes");
}

TEST_F(Connections, HeadersOverTheirBoundAreRefusedBeforeTheyEnd) {
  const ScriptedServer server([](Peer& peer) {
    peer.request();
    while (peer.send("HTTP/1.1 200 OK\r\nA: " + std::string(2000, 'x'))) {
    }
  });
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server)));
  const Outcome outcome = get(*to);
  EXPECT_EQ(outcome.error.code, ErrorCode::kTooLarge);
  EXPECT_EQ(outcome.error.message, "the answer has headers of more than 1000 bytes");
}

TEST_F(Connections, AnAnswerThatIsNotHttpIsMalformed) {
  const ScriptedServer server([](Peer& peer) {
    peer.request();
    peer.send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  });
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server)));
  EXPECT_EQ(get(*to).error.code, ErrorCode::kMalformed);
}

boost::asio::awaitable<base::Result<void>> write_all(net::Connection* to, const std::string* text,
                                                     Instant deadline) {
  auto writing = to->write(*text, deadline);
  const auto written = co_await std::move(writing);
  co_return written;
}

TEST_F(Connections, ALargeBodyIsWrittenWholeAndCounted) {
  constexpr std::size_t kSize = 8 << 20;  // more than the buffers of both sockets
  std::promise<std::size_t> received;
  const ScriptedServer server([&](Peer& peer) {
    std::size_t size = 0;
    while (size < kSize) {
      const std::string part = peer.some();
      if (part.empty()) break;
      size += part.size();
    }
    received.set_value(size);
  });
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server)));
  const std::string text(kSize, 'x');
  ASSERT_TRUE(run(write_all(to.get(), &text, later())));
  EXPECT_EQ(to->written(), kSize);
  EXPECT_EQ(received.get_future().get(), kSize);
}

// Returns a script that reads nothing and answers nothing until the client leaves.
ScriptedServer::Script silent() {
  return [](Peer& peer) {
    pollfd gone{peer.descriptor(), POLLRDHUP, 0};
    ::poll(&gone, 1, -1);
  };
}

TEST_F(Connections, ADeadlineThatHasPassedIsATimeout) {
  const ScriptedServer server(silent());
  const net::ServerRoute route = route_to(server);
  const auto reading = connection();
  ASSERT_TRUE(connect(*reading, route));
  const Outcome outcome = get(*reading, {1000, 1000}, past());
  EXPECT_EQ(outcome.error.code, ErrorCode::kTimeout);
  EXPECT_EQ(outcome.error.message, "no complete answer in time");

  const auto writing = connection();
  ASSERT_TRUE(connect(*writing, route));
  const std::string text(32 << 20, 'x');
  const auto written = run(write_all(writing.get(), &text, past()));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kTimeout);
}

// The server's thread cancels once the request has arrived. So the client waits for the answer.
TEST_F(Connections, ACancelledReadThrows) {
  support::Started<Outcome> started;
  const ScriptedServer server([&](Peer& peer) {
    peer.request();
    boost::asio::post(io_, [&] { started.cancel.emit(boost::asio::cancellation_type::terminal); });
    peer.request();
  });
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server)));
  start(exchange(to.get(), {1000, 1000}, later()), started);
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
}

TEST_F(Connections, ACancelledLookupThrows) {
  support::Started<base::Result<void>> started;
  const net::ServerRoute route = route_to("http://no-such-host.invalid:80");
  const auto to = connection();
  start(to->connect(route, nullptr, later()), started);
  boost::asio::post(io_, [&] { started.cancel.emit(boost::asio::cancellation_type::terminal); });
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
}

}  // namespace
