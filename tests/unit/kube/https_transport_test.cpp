#include "kube/https_transport.h"

#include <gmock/gmock.h>

#include "unit/kube/transport_fixture.h"

namespace {

using namespace testing_tls;
using base::ErrorCode;
using kube::Method;
using testing::HasSubstr;

class HttpsTransport : public TransportTest {
 protected:
  ServerTls tls() const { return {authority_.server()}; }
};

TEST_F(HttpsTransport, GivesStatusBodyAndRetryAfter) {
  ScriptedServer server(
      [](Peer& peer) {
        peer.request();
        peer.answer(429, "slow down", "Retry-After: 7\r\n");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto response = get(*transport);
  ASSERT_TRUE(response) << base::to_string(response.error());
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->body, "slow down");
  EXPECT_EQ(response->retry_after, std::chrono::seconds(7));
}

TEST_F(HttpsTransport, SendsWhoItIsAndWhatItWants) {
  std::string seen;
  {
    ScriptedServer server(
        [&](Peer& peer) {
          seen = peer.request().value();
          peer.answer(200, "{}");
        },
        tls());
    auto config = config_for(server);
    config.server.base_path = "/base";
    config.token = "token-1";
    config.user_agent = "local-registry-operator/1.2.3";
    config.impersonate = {"jane", "42", {"devs", "ops"}, {{"acme.test/Team", {"blue"}}}};
    const auto transport = this->transport(config);
    auto patch = request(Method::kPatch, R"({"a":1})");
    patch.content_type = "application/apply-patch+yaml";
    patch.target = "/api/v1/namespaces?fieldManager=me";
    ASSERT_TRUE(run(transport->send(patch)));
  }
  EXPECT_THAT(seen, HasSubstr("PATCH /base/api/v1/namespaces?fieldManager=me HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(seen, HasSubstr("\r\nUser-Agent: local-registry-operator/1.2.3\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nAccept: application/json\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nAuthorization: Bearer token-1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nContent-Type: application/apply-patch+yaml\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nContent-Length: 7\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nImpersonate-User: jane\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nImpersonate-Uid: 42\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nImpersonate-Group: devs\r\nImpersonate-Group: ops\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nImpersonate-Extra-acme.test%2FTeam: blue\r\n"));
  EXPECT_THAT(seen, testing::EndsWith("\r\n\r\n{\"a\":1}"));
}

TEST_F(HttpsTransport, ADeleteWithoutABodySaysThatItsLengthIsZero) {
  std::string seen;
  {
    ScriptedServer server(
        [&](Peer& peer) {
          seen = peer.request().value();
          peer.answer(200, "{}");
        },
        tls());
    const auto transport = this->transport(config_for(server));
    ASSERT_TRUE(run(transport->send(request(Method::kDelete))));
  }
  EXPECT_THAT(seen, HasSubstr("\r\nContent-Length: 0\r\n"));
}

TEST_F(HttpsTransport, UsesBasicAuthenticationForAUserNameAndPassword) {
  std::string seen;
  {
    ScriptedServer server(
        [&](Peer& peer) {
          seen = peer.request().value();
          peer.answer(200, "{}");
        },
        tls());
    auto config = config_for(server);
    config.username = "jane";
    config.password = "secret";
    const auto transport = this->transport(config);
    ASSERT_TRUE(get(*transport));
  }
  EXPECT_THAT(seen, HasSubstr("\r\nAuthorization: Basic amFuZTpzZWNyZXQ=\r\n"));
}

TEST_F(HttpsTransport, RequestsInARowUseOneConnection) {
  ScriptedServer server(answers("{}"), tls());
  const auto transport = this->transport(config_for(server));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(get(*transport));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpsTransport, ALargeBodyGoesBothWaysWhole) {
  const std::string large(3'000'000, 'x');
  ScriptedServer server(
      [](Peer& peer) {
        while (const auto request = peer.request()) {
          peer.answer(200, request->substr(request->find("\r\n\r\n") + 4));
        }
      },
      tls());
  const auto transport = this->transport(config_for(server));
  for (int i = 0; i < 2; ++i) {
    const auto response = run(transport->send(request(Method::kPost, large)));
    ASSERT_TRUE(response) << base::to_string(response.error());
    EXPECT_TRUE(response->body == large);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpsTransport, OpensNoMoreConnectionsThanTheBoundAndServesAllWhoWait) {
  bounds_.connections = 2;
  ScriptedServer server(
      [](Peer& peer) {
        while (peer.request()) {
          std::this_thread::sleep_for(10ms);
          peer.answer(200, "{}");
        }
      },
      tls());
  const auto transport = this->transport(config_for(server));
  std::list<Started<base::Result<kube::Response>>> started(9);
  for (auto& one : started) start(transport->send(request(Method::kGet)), one);
  for (auto& one : started) {
    finish(one);
    ASSERT_TRUE(one.value && *one.value);
  }
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpsTransport, WhoWaitsForAConnectionIsServedInTheOrderOfComing) {
  bounds_.connections = 1;
  std::vector<std::string> order;
  {
    ScriptedServer server(
        [&](Peer& peer) {
          while (const auto request = peer.request()) {
            order.push_back(request->substr(0, request->find(" HTTP")));
            peer.answer(200, "{}");
          }
        },
        tls());
    const auto transport = this->transport(config_for(server));
    std::list<Started<base::Result<kube::Response>>> started(4);
    int number = 0;
    for (auto& one : started) {
      auto numbered = request(Method::kGet);
      numbered.target = "/" + std::to_string(number++);
      start(transport->send(numbered), one);
    }
    for (auto& one : started) finish(one);
  }
  EXPECT_THAT(order, testing::ElementsAre("GET /0", "GET /1", "GET /2", "GET /3"));
}

TEST_F(HttpsTransport, ARequestThatFindsNoFreeConnectionInTimeFails) {
  bounds_.connections = 1;
  ScriptedServer server([](Peer& peer) { peer.some(), peer.some(); }, tls());
  const auto transport = this->transport(config_for(server));
  Started<base::Result<kube::Response>> first;
  start(transport->send(request(Method::kGet)), first);
  auto second = request(Method::kGet);
  second.timeout = 50ms;
  const auto response = run(transport->send(second));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
  EXPECT_THAT(response.error().message, HasSubstr("no connection became free in time"));
  first.cancel.emit(asio::cancellation_type::terminal);
  finish(first);
}

TEST_F(HttpsTransport, ARequestWithoutAnAnswerTimesOut) {
  ScriptedServer server([](Peer& peer) { peer.some(), peer.some(); }, tls());
  const auto transport = this->transport(config_for(server));
  auto impatient = request(Method::kGet);
  impatient.timeout = 50ms;
  const auto response = run(transport->send(impatient));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
}

TEST_F(HttpsTransport, APeerThatSaysNothingInTheHandshakeTimesOut) {
  bounds_.connect_timeout = 500ms;
  ScriptedServer server([](Peer& peer) { peer.some(), peer.some(); });
  const auto transport = this->transport(config_for(server));
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
  EXPECT_THAT(response.error().message, HasSubstr("TLS handshake"));
}

TEST_F(HttpsTransport, APortThatNobodyListensOnIsANetworkError) {
  kube::ClientConfig config;
  config.server = {true, "127.0.0.1", 1, ""};
  config.ca.text = authority_.pem();
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kNetwork);
  EXPECT_EQ(response.error().message, "cannot connect to 127.0.0.1:1: Connection refused");
}

TEST_F(HttpsTransport, AHostNameIsTriedWithAllItsAddresses) {
  ScriptedServer server(answers("{}"), tls());
  auto config = config_for(server);
  config.server.host = "localhost";  // may also resolve to ::1, where nothing listens
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  EXPECT_TRUE(response) << base::to_string(response.error());
}

TEST_F(HttpsTransport, AHostThatDoesNotExistIsANetworkError) {
  kube::ClientConfig config;
  config.server = {true, "no-such-host.invalid", 443, ""};
  config.ca.text = authority_.pem();
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(response.error().message, HasSubstr("cannot look up no-such-host.invalid"));
}

TEST_F(HttpsTransport, AConnectionThatIsCutInTheMiddleOfABodyIsANetworkError) {
  ScriptedServer server(
      [](Peer& peer) {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kNetwork);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpsTransport, AnIdleConnectionThatTheServerClosedIsReplaced) {
  ScriptedServer server(
      [](Peer& peer) {
        peer.request();
        peer.answer(200, "{}");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  ASSERT_TRUE(get(*transport));
  while (server.open() > 0) std::this_thread::sleep_for(1ms);
  const auto response = run(transport->send(request(Method::kPost, "{}")));
  ASSERT_TRUE(response) << base::to_string(response.error());
  EXPECT_EQ(server.connections(), 2);
}

// The server closes its idle connection just when the second request arrives.
ScriptedServer::Script closes_on_second_request(std::atomic<int>& requests) {
  return [&requests](Peer& peer) {
    if (!peer.request()) return;
    ++requests;
    peer.answer(200, "{}");
    if (peer.request()) ++requests;
  };
}

TEST_F(HttpsTransport, AGetThatMeetsAClosingConnectionIsSentAgain) {
  std::atomic<int> requests = 0;
  ScriptedServer server(closes_on_second_request(requests), tls());
  const auto transport = this->transport(config_for(server));
  ASSERT_TRUE(get(*transport));
  const auto response = get(*transport);
  ASSERT_TRUE(response) << base::to_string(response.error());
  EXPECT_EQ(requests, 3);
}

TEST_F(HttpsTransport, APostThatMeetsAClosingConnectionIsNotSentAgain) {
  std::atomic<int> requests = 0;
  ScriptedServer server(closes_on_second_request(requests), tls());
  const auto transport = this->transport(config_for(server));
  ASSERT_TRUE(run(transport->send(request(Method::kPost, "{}"))));
  const auto response = run(transport->send(request(Method::kPost, "{}")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kNetwork);
  EXPECT_EQ(requests, 2);
}

TEST_F(HttpsTransport, IdleConnectionsAreClosedAfterTheirTime) {
  bounds_.idle = 40ms;
  ScriptedServer server(answers("{}"), tls());
  const auto transport = this->transport(config_for(server));
  ASSERT_TRUE(get(*transport));
  EXPECT_EQ(server.open(), 1);
  run_for(100ms);
  for (int i = 0; i < 1000 && server.open() > 0; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(server.open(), 0);
}

TEST_F(HttpsTransport, AConnectionThatTheServerWantsClosedIsNotKept) {
  ScriptedServer server(
      [](Peer& peer) {
        while (peer.request()) peer.answer(200, "{}", "Connection: close\r\n");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  ASSERT_TRUE(get(*transport));
  ASSERT_TRUE(get(*transport));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpsTransport, RedirectsAreNotFollowed) {
  ScriptedServer server(
      [](Peer& peer) {
        while (peer.request()) peer.answer(302, "", "Location: /elsewhere\r\n");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto response = get(*transport);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpsTransport, InterimAnswersAreSkipped) {
  ScriptedServer server(
      [](Peer& peer) {
        peer.request();
        peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        peer.answer(200, "real");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto response = get(*transport);
  ASSERT_TRUE(response) << base::to_string(response.error());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "real");
}

TEST_F(HttpsTransport, AHeadOverItsBoundIsRefused) {
  bounds_.header_bytes = 1000;
  ScriptedServer server(
      [](Peer& peer) {
        peer.request();
        peer.answer(200, "{}", "X-Large: " + std::string(2000, 'x') + "\r\n");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTooLarge);
}

TEST_F(HttpsTransport, ABodyOverItsBoundIsRefusedHoweverItsLengthIsReported) {
  bounds_.body_bytes = 1000;
  ScriptedServer server(
      [](Peer& peer) {
        const bool chunked = peer.request()->find("/chunked") != std::string::npos;
        if (!chunked) return peer.answer(200, std::string(2000, 'x'));
        peer.begin_chunks();
        for (int i = 0; i < 20; ++i) peer.chunk(std::string(100, 'x'));
        peer.chunk("");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  for (const std::string target : {"/length", "/chunked"}) {
    auto large = request(Method::kGet);
    large.target = target;
    const auto response = run(transport->send(large));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::kTooLarge) << target;
  }
}

TEST_F(HttpsTransport, WhatIsNotHttpIsMalformed) {
  ScriptedServer server(
      [](Peer& peer) {
        peer.request();
        peer.send("220 smtp.example.com ready\r\n\r\n");
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kMalformed);
}

TEST_F(HttpsTransport, AnAnswerBeforeTheWholeRequestWasTakenIsStillAnAnswer) {
  ScriptedServer server(
      [](Peer& peer) {
        peer.some();
        peer.answer(413, "too large for me", "Connection: close\r\n");
        std::this_thread::sleep_for(20ms);
      },
      tls());
  const auto transport = this->transport(config_for(server));
  const auto response = run(transport->send(request(Method::kPost, std::string(30'000'000, 'x'))));
  ASSERT_TRUE(response) << base::to_string(response.error());
  EXPECT_EQ(response->status, 413);
}

TEST_F(HttpsTransport, ATargetWithALineBreakIsNotSent) {
  ScriptedServer server(answers("{}"), tls());
  const auto transport = this->transport(config_for(server));
  auto wrong = request(Method::kGet);
  wrong.target = "/a\r\nX-Injected: 1";
  const auto response = run(transport->send(wrong));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpsTransport, ACancelledRequestClosesItsConnectionAndThrows) {
  ScriptedServer server([](Peer& peer) { peer.some(), peer.some(); }, tls());
  const auto transport = this->transport(config_for(server));
  Started<base::Result<kube::Response>> started;
  start(transport->send(request(Method::kGet)), started);
  run_for(50ms);
  ASSERT_FALSE(started.done);
  started.cancel.emit(asio::cancellation_type::terminal);
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
  for (int i = 0; i < 1000 && server.open() > 0; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(server.open(), 0);
}

TEST_F(HttpsTransport, ACancelledWaiterGivesItsPlaceInTheQueueToTheNext) {
  bounds_.connections = 1;
  ScriptedServer server(
      [](Peer& peer) {
        while (peer.request()) {
          std::this_thread::sleep_for(30ms);
          peer.answer(200, "{}");
        }
      },
      tls());
  const auto transport = this->transport(config_for(server));
  std::list<Started<base::Result<kube::Response>>> started(3);
  for (auto& one : started) start(transport->send(request(Method::kGet)), one);
  run_for(10ms);
  auto& second = *std::next(started.begin());
  second.cancel.emit(asio::cancellation_type::terminal);
  finish(second);
  EXPECT_EQ(failure_of(second.failure), "cancelled");
  finish(started.front());
  finish(started.back());
  EXPECT_TRUE(started.front().value && *started.front().value);
  EXPECT_TRUE(started.back().value && *started.back().value);
}

TEST_F(HttpsTransport, ACancelledRequestIsThrownOutOfEveryStageOfConnecting) {
  ScriptedServer silent([](Peer& peer) { peer.some(), peer.some(); });
  const auto transport = this->transport(config_for(silent));
  Started<base::Result<kube::Response>> started;
  start(transport->send(request(Method::kGet)), started);
  run_for(30ms);  // by now in the TLS handshake
  started.cancel.emit(asio::cancellation_type::terminal);
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
}

TEST_F(HttpsTransport, SpeaksPlainHttpToAServerWithoutTls) {
  ScriptedServer server(answers("plain"));
  auto config = config_for(server);
  config.server.tls = false;
  const auto transport = this->transport(config);
  ASSERT_TRUE(get(*transport));
  const auto response = get(*transport);
  ASSERT_TRUE(response) << base::to_string(response.error());
  EXPECT_EQ(response->body, "plain");
  EXPECT_EQ(server.connections(), 1);
}

}  // namespace
