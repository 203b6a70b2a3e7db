#include <gmock/gmock.h>

#include "support/scripted_proxy.h"
#include "unit/kube/transport_fixture.h"

namespace {

using namespace testing_tls;
using base::ErrorCode;
using testing::HasSubstr;
using testing::Not;

class HttpsProxy : public TransportTest {
 protected:
  ScriptedServer::Script proxy() { return connects_.script(); }

  ConnectProxy connects_;
};

TEST_F(HttpsProxy, TheServerIsReachedThroughConnectAndStillVerified) {
  ScriptedServer server(answers("behind"), ServerTls{authority_.server()});
  ScriptedServer proxy(this->proxy());
  auto config = config_for(server);
  config.proxy = kube::ProxyUrl{net::ProxyKind::kHttp, "127.0.0.1", proxy.port(), "jane", "secret"};
  config.token = "for the server only";
  const auto transport = this->transport(config);
  for (int i = 0; i < 2; ++i) {
    const auto response = get(*transport);
    ASSERT_TRUE(response) << base::to_string(response.error());
    EXPECT_EQ(response->body, "behind");
  }
  EXPECT_EQ(proxy.connections(), 1);
  EXPECT_EQ(
      connects_.asked.find("CONNECT 127.0.0.1:" + std::to_string(server.port()) + " HTTP/1.1\r\n"),
      0U);
  EXPECT_THAT(connects_.asked, HasSubstr("\r\nProxy-Authorization: Basic amFuZTpzZWNyZXQ=\r\n"));
  EXPECT_THAT(connects_.asked, Not(HasSubstr("for the server only")));
}

TEST_F(HttpsProxy, AProxyWithTlsIsVerifiedAndCarriesTlsWithinTls) {
  ScriptedServer server(answers(std::string(100'000, 'x')), ServerTls{authority_.server()});
  ScriptedServer forward(this->proxy());
  auto config = config_for(server);
  {
    const Authority other("other authority");
    ScriptedServer untrusted(this->proxy(), ServerTls{other.server()});
    config.proxy = kube::ProxyUrl{net::ProxyKind::kHttps, "127.0.0.1", untrusted.port(), "", ""};
    const auto transport = this->transport(config);
    const auto response = get(*transport);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::kTls);
  }
  ScriptedServer proxy(this->proxy(), ServerTls{authority_.server()});
  config.proxy = kube::ProxyUrl{net::ProxyKind::kHttps, "127.0.0.1", proxy.port(), "", ""};
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  ASSERT_TRUE(response) << base::to_string(response.error());
  EXPECT_EQ(response->body.size(), 100'000U);
}

TEST_F(HttpsProxy, AProxyThatRefusesIsANetworkErrorWithItsStatus) {
  ScriptedServer server(answers("{}"), ServerTls{authority_.server()});
  ScriptedServer proxy([](Peer& peer) {
    peer.request();
    peer.answer(407, "who are you?");
  });
  auto config = config_for(server);
  config.proxy = kube::ProxyUrl{net::ProxyKind::kHttp, "127.0.0.1", proxy.port(), "jane", "secret"};
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(response.error().message, HasSubstr("HTTP status 407"));
  EXPECT_THAT(response.error().message, Not(HasSubstr("secret")));
  EXPECT_EQ(server.connections(), 0);
}

class SocksProxy : public HttpsProxy {
 protected:
  ScriptedServer::Script socks(char reply = 0) { return socks_.script(reply); }

  Socks5Proxy socks_;
};

TEST_F(SocksProxy, TheServerIsReachedThroughItAndStillVerified) {
  ScriptedServer server(answers("behind"), ServerTls{authority_.server()});
  for (const std::string user : {"", "jane"}) {
    ScriptedServer proxy(socks());
    auto config = config_for(server);
    config.proxy = kube::ProxyUrl{net::ProxyKind::kSocks5, "127.0.0.1", proxy.port(), user,
                                  user.empty() ? "" : "secret"};
    const auto transport = this->transport(config);
    const auto response = get(*transport);
    ASSERT_TRUE(response) << base::to_string(response.error());
    EXPECT_EQ(response->body, "behind");
    EXPECT_EQ(socks_.target.substr(0, 8), std::string("\5\1\0\1\x7f\0\0\1", 8));
    EXPECT_EQ(socks_.password.empty(), user.empty());
  }
}

TEST_F(SocksProxy, ARefusalIsANetworkErrorThatSaysWhy) {
  ScriptedServer server(answers("{}"), ServerTls{authority_.server()});
  ScriptedServer proxy(socks(5));
  auto config = config_for(server);
  config.proxy = kube::ProxyUrl{net::ProxyKind::kSocks5, "127.0.0.1", proxy.port(), "", ""};
  const auto refused = get(*transport(config));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(refused.error().message, HasSubstr("connection refused"));
  ScriptedServer strict(socks());
  config.proxy =
      kube::ProxyUrl{net::ProxyKind::kSocks5, "127.0.0.1", strict.port(), "jane", "wrong"};
  const auto wrong = get(*transport(config));
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("it refuses the user name and password"));
  EXPECT_THAT(wrong.error().message, Not(HasSubstr("wrong")));
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(SocksProxy, AnotherProtocolIsMalformed) {
  ScriptedServer server(answers("{}"), ServerTls{authority_.server()});
  ScriptedServer proxy([](Peer& peer) {
    peer.some();
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  auto config = config_for(server);
  config.proxy = kube::ProxyUrl{net::ProxyKind::kSocks5, "127.0.0.1", proxy.port(), "", ""};
  const auto response = get(*transport(config));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kMalformed);
}

// An HTTP proxy gets requests for plain HTTP servers directly, with the whole URL, as in Go.
TEST_F(HttpsProxy, ARequestForAPlainServerGoesToTheProxyItself) {
  ScriptedServer proxy([this](Peer& peer) {
    while (const auto request = peer.request()) {
      connects_.asked = *request;
      peer.answer(200, "behind");
    }
  });
  kube::ClientConfig config;
  config.server = *kube::parse_server_url("http://api.test:8080/base");
  config.proxy = kube::ProxyUrl{net::ProxyKind::kHttp, "127.0.0.1", proxy.port(), "jane", "secret"};
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  ASSERT_TRUE(response) << base::to_string(response.error());
  EXPECT_EQ(response->body, "behind");
  EXPECT_EQ(connects_.asked.find("GET http://api.test:8080/base/"), 0U);
  EXPECT_THAT(connects_.asked, HasSubstr("\r\nHost: api.test:8080\r\n"));
  EXPECT_THAT(connects_.asked, HasSubstr("\r\nProxy-Authorization: Basic amFuZTpzZWNyZXQ=\r\n"));
}

TEST_F(HttpsProxy, AProxyThatSaysNothingTimesOut) {
  bounds_.connect_timeout = 50ms;
  ScriptedServer server(answers("{}"), ServerTls{authority_.server()});
  ScriptedServer proxy([](Peer& peer) { peer.some(), peer.some(); });
  auto config = config_for(server);
  config.proxy = kube::ProxyUrl{net::ProxyKind::kHttp, "127.0.0.1", proxy.port(), "", ""};
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
}

}  // namespace
