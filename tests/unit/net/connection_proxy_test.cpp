#include <boost/asio/post.hpp>

#include "unit/net/connection_fixture.h"

namespace {

using namespace net_test;
using net::ProxyKind;
using testing_tls::ConnectProxy;
using testing_tls::Socks5Proxy;

class ProxiedConnections : public ConnectionTest {
 protected:
  Context trusting(const Authority& authority) {
    net::TlsSettings settings;
    settings.ca = authority.pem();
    return *net::TlsContext::make(settings);
  }

  // Connects to a server with TLS through a proxy with this script. Returns the error.
  base::Error refusal_of(ScriptedServer::Script script, ProxyKind kind = ProxyKind::kHttp) {
    const ScriptedServer proxy(std::move(script));
    net::ServerRoute route = route_to("https://server.test:6443");
    route.proxy = proxy_at(proxy, kind, "jane", "secret");
    const auto connected = connect(*connection(), route, trusting(authority_));
    if (connected) return {};
    const std::string& message = connected.error().message;
    EXPECT_THAT(message, HasSubstr("the proxy " + route.proxy->shown()));
    EXPECT_THAT(message, Not(HasSubstr("secret")));
    return connected.error();
  }

  static ScriptedServer::Script says(const std::string& answer) {
    return [answer](Peer& peer) {
      peer.request();
      peer.send(answer);
      ::shutdown(peer.descriptor(), SHUT_WR);
      peer.request();
    };
  }

  Authority authority_{"the authority"};
};

TEST_F(ProxiedConnections, AServerWithTlsIsReachedThroughConnect) {
  const ScriptedServer server(answers("behind"), ServerTls{authority_.server()});
  ConnectProxy connects;
  {
    const ScriptedServer proxy(connects.script());
    net::ServerRoute route = route_to(server, "https");
    route.proxy = proxy_at(proxy, ProxyKind::kHttp, "jane", "secret");
    const auto to = connection();
    const auto connected = connect(*to, route, trusting(authority_));
    ASSERT_TRUE(connected) << base::to_string(connected.error());
    EXPECT_EQ(get(*to).body, "behind");
    EXPECT_EQ(get(*to).body, "behind");
    EXPECT_EQ(proxy.connections(), 1);
  }
  const std::string target = "127.0.0.1:" + std::to_string(server.port());
  EXPECT_EQ(connects.asked, "CONNECT " + target + " HTTP/1.1\r\nHost: " + target +
                                "\r\nProxy-Authorization: Basic amFuZTpzZWNyZXQ=\r\n\r\n");
}

TEST_F(ProxiedConnections, AProxyWithTlsIsVerifiedByItsOwnName) {
  const ScriptedServer server(answers("behind"), ServerTls{authority_.server()});
  ConnectProxy connects;
  for (const bool is_trusted : {true, false}) {
    const Authority other("other");
    const ScriptedServer proxy(connects.script(),
                               ServerTls{is_trusted ? authority_.server() : other.server()});
    net::ServerRoute route = route_to(server, "https");
    route.proxy = proxy_at(proxy, ProxyKind::kHttps);
    const auto to = connection();
    const auto connected = connect(*to, route, trusting(authority_));
    ASSERT_EQ(connected.has_value(), is_trusted);
    if (is_trusted) {
      EXPECT_EQ(get(*to).body, "behind");
    } else {
      EXPECT_EQ(connected.error().code, ErrorCode::kTls);
    }
  }
}

TEST_F(ProxiedConnections, ARefusalOfTheProxyIsANetworkErrorWithItsStatus) {
  for (const std::string body : {"Content-Length: 3\r\n\r\nwhy", "\r\nuntil the end"}) {
    const base::Error error = refusal_of(says("HTTP/1.1 407 Who\r\n" + body));
    EXPECT_EQ(error.code, ErrorCode::kNetwork);
    EXPECT_THAT(error.message, HasSubstr(" does not connect to server.test:6443: HTTP status 407"));
  }
}

TEST_F(ProxiedConnections, AnAnswerOfTheProxyIsBoundedAndMustBeHttp) {
  EXPECT_EQ(refusal_of(says("HTTP/1.1 200 OK\r\nA: " + std::string(2000, 'x'))).code,
            ErrorCode::kTooLarge);
  EXPECT_EQ(refusal_of(says("220 smtp ready\r\n\r\n")).code, ErrorCode::kMalformed);
  const base::Error cut = refusal_of(says("HTTP/1.1 200"));
  EXPECT_EQ(cut.code, ErrorCode::kNetwork);
  EXPECT_THAT(cut.message, HasSubstr("the connection was closed in the middle of the answer"));
}

TEST_F(ProxiedConnections, ARequestForAPlainServerIsGivenToTheProxyItself) {
  const ScriptedServer proxy([&](Peer& peer) {
    while (const auto request = peer.request()) peer.answer(200, *request);
  });
  net::ServerRoute route = route_to("http://server.test:8080/base");
  route.proxy = proxy_at(proxy, ProxyKind::kHttp, "jane", "secret");
  EXPECT_TRUE(route.passes_requests());
  EXPECT_EQ(route.request_target("/path"), "http://server.test:8080/path");
  std::vector<net::HeaderLine> headers;
  route.add_proxy_headers(headers);
  const std::vector<net::HeaderLine> expected = {{"Proxy-Authorization", "Basic amFuZTpzZWNyZXQ="}};
  EXPECT_EQ(headers, expected);
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route));
  EXPECT_THAT(get(*to).body, StartsWith("GET / HTTP/1.1\r\n")) << "nothing came before it";
}

TEST_F(ProxiedConnections, OnlyAPlainServerBehindAnHttpProxyGetsItsRequestsFromTheProxy) {
  const auto passes = [](const std::string& url, std::optional<ProxyKind> kind) {
    net::ServerRoute route = route_to(url);
    if (kind) route.proxy = net::ProxyUrl{*kind, "proxy.test", 1, "jane", "secret"};
    std::vector<net::HeaderLine> headers;
    route.add_proxy_headers(headers);
    EXPECT_EQ(headers.empty(), !route.passes_requests());
    EXPECT_EQ(route.request_target("/x") == "/x", !route.passes_requests());
    return route.passes_requests();
  };
  EXPECT_TRUE(passes("http://server.test", ProxyKind::kHttp));
  EXPECT_TRUE(passes("http://server.test", ProxyKind::kHttps));
  EXPECT_FALSE(passes("http://server.test", ProxyKind::kSocks5));
  EXPECT_FALSE(passes("https://server.test", ProxyKind::kHttp));
  EXPECT_FALSE(passes("http://server.test", std::nullopt));
}

TEST_F(ProxiedConnections, TheGuardIsNotAskedAboutTheProxy) {
  const ScriptedServer proxy(answers("passed on"));
  net::ServerRoute route = route_to("http://server.test");
  route.proxy = proxy_at(proxy, ProxyKind::kHttp);
  route.guard = [](const boost::asio::ip::address&) -> base::Result<void> {
    return base::Error{ErrorCode::kForbidden, "no address"};
  };
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route));
  EXPECT_EQ(get(*to).body, "passed on");
}

TEST_F(ProxiedConnections, AServerIsReachedThroughSocksWithAndWithoutAPassword) {
  const ScriptedServer server(answers("behind"));
  for (const std::string user : {"", "jane"}) {
    Socks5Proxy socks;
    {
      const ScriptedServer proxy(socks.script());
      net::ServerRoute route = route_to(server);
      route.proxy = proxy_at(proxy, ProxyKind::kSocks5, user, user.empty() ? "" : "secret");
      const auto to = connection();
      const auto connected = connect(*to, route);
      ASSERT_TRUE(connected) << base::to_string(connected.error());
      EXPECT_EQ(get(*to).body, "behind");
    }
    EXPECT_EQ(socks.password, user.empty() ? "" : "\1\4jane\6secret");
  }
}

TEST_F(ProxiedConnections, SocksRefusesWithAReason) {
  Socks5Proxy socks;
  const base::Error refused = refusal_of(socks.script(4), ProxyKind::kSocks5);
  EXPECT_EQ(refused.code, ErrorCode::kNetwork);
  EXPECT_THAT(refused.message, HasSubstr(" does not connect to server.test:6443: "));
  EXPECT_THAT(refused.message, HasSubstr("host unreachable"));
  const auto wrong_password = [](Peer& peer) {
    peer.some();
    peer.send("\5\2");
    peer.some();
    peer.send("\1\1");
    peer.some();
  };
  EXPECT_THAT(refusal_of(wrong_password, ProxyKind::kSocks5).message,
              HasSubstr("it refuses the user name and password"));
}

TEST_F(ProxiedConnections, SocksThatIsCutOrNoSocksIsRefused) {
  const auto first = [](const std::string& answer) {
    return [answer](Peer& peer) {
      peer.some();
      peer.send(answer);
      ::shutdown(peer.descriptor(), SHUT_WR);
      peer.some();
    };
  };
  EXPECT_EQ(refusal_of(first("HTTP/1.1 400"), ProxyKind::kSocks5).code, ErrorCode::kMalformed);
  const base::Error cut = refusal_of(first("\5"), ProxyKind::kSocks5);
  EXPECT_EQ(cut.code, ErrorCode::kNetwork);
  EXPECT_THAT(cut.message, HasSubstr("the connection was closed"));
  EXPECT_THAT(refusal_of(first("\5\xff"), ProxyKind::kSocks5).message,
              HasSubstr("an authentication method that is not supported"));
}

// The proxy's reply ends with an address of its own. The bytes after it are the server's.
TEST_F(ProxiedConnections, BytesAfterTheReplyOfSocksBelongToTheServer) {
  for (const std::string& address :
       {std::string("\1\x7f\0\0\1", 5), "\4" + std::string(16, '\0'), std::string("\3\4name")}) {
    const ScriptedServer proxy([&](Peer& peer) {
      peer.some();
      peer.send(std::string("\5\0", 2));
      peer.some();
      peer.send(std::string("\5\0\0", 3) + address + "\1\2HTTP/1.1 200 OK\r\nContent-Length: 5" +
                "\r\n\r\nearly");
      peer.request();
    });
    net::ServerRoute route = route_to("http://server.test");
    route.proxy = proxy_at(proxy, ProxyKind::kSocks5);
    const auto to = connection();
    const auto connected = connect(*to, route);
    ASSERT_TRUE(connected) << base::to_string(connected.error());
    EXPECT_EQ(get(*to).body, "early");
  }
}

TEST_F(ProxiedConnections, ACancelledWaitForTheProxyThrows) {
  for (const ProxyKind kind : {ProxyKind::kHttp, ProxyKind::kSocks5}) {
    support::Started<base::Result<void>> started;
    const ScriptedServer proxy([&](Peer& peer) {
      peer.some();
      boost::asio::post(io_,
                        [&] { started.cancel.emit(boost::asio::cancellation_type::terminal); });
      peer.some();
    });
    net::ServerRoute route = route_to("https://server.test");
    route.proxy = proxy_at(proxy, kind);
    const auto to = connection();
    start(to->connect(route, trusting(authority_), later()), started);
    finish(started);
    EXPECT_EQ(failure_of(started.failure), "cancelled");
  }
}

}  // namespace
