#include <gmock/gmock.h>

#include "unit/kube/transport_fixture.h"

namespace {

using namespace testing_tls;
using base::ErrorCode;
using kube::Method;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kV1 = "client.authentication.k8s.io/v1";

// Answers with the Authorization header as the body. The status is 200, or 401 if `accepted` is set
// and the header differs from it.
ScriptedServer::Script echoes_authorization(std::string accepted = {}) {
  return [accepted](Peer& peer) {
    while (const auto request = peer.request()) {
      constexpr std::string_view kName = "\r\nAuthorization: ";
      const std::size_t at = request->find(kName);
      std::string value;
      if (at != std::string::npos) {
        value = request->substr(at + kName.size());
        value.resize(value.find("\r\n"));
      }
      peer.answer(accepted.empty() || value == accepted ? 200 : 401, value);
    }
  };
}

class HttpsCredentials : public TransportTest {
 protected:
  ServerTls tls() const { return {authority_.server()}; }

  std::string authorization(kube::Transport& transport) {
    const auto response = get(transport);
    return response ? response->body : base::to_string(response.error());
  }

  // Returns a plugin that appends a line to the file "runs" and prints an ExecCredential with
  // `status`.
  kube::ExecPlugin plugin(const std::string& status) const {
    kube::ExecPlugin plugin;
    plugin.api_version = kV1;
    plugin.interactive = kube::ExecPlugin::Interactive::kNever;
    plugin.command = folder_.script("plugin", "echo run >> " + folder_.path("runs") +
                                                  "\ncat <<'END'\n{\"kind\":\"ExecCredential\","
                                                  "\"apiVersion\":\"client.authentication.k8s.io/"
                                                  "v1\",\"status\":" +
                                                  status + "}\nEND\n");
    return plugin;
  }

  int runs() const {
    const std::string text = folder_.read("runs");
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }
};

TEST_F(HttpsCredentials, ATokenFileIsReadAgainOnceItIsOld) {
  bounds_.reload = 50ms;
  ScriptedServer server(echoes_authorization(), tls());
  auto config = config_for(server);
  config.token_file = folder_.write("token", "first\n");
  const auto transport = this->transport(config);
  EXPECT_EQ(authorization(*transport), "Bearer first");
  folder_.write("token", "second\n");
  std::this_thread::sleep_for(60ms);
  EXPECT_EQ(authorization(*transport), "Bearer second");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpsCredentials, ATokenFileThatIsYoungIsNotReadAgain) {
  ScriptedServer server(echoes_authorization(), tls());
  auto config = config_for(server);
  config.token_file = folder_.write("token", "first");
  const auto transport = this->transport(config);
  EXPECT_EQ(authorization(*transport), "Bearer first");
  folder_.write("token", "second");
  EXPECT_EQ(authorization(*transport), "Bearer first");
}

TEST_F(HttpsCredentials, ATokenFileThatIsGoneLeavesTheLastToken) {
  bounds_.reload = 0ms;
  ScriptedServer server(echoes_authorization(), tls());
  auto config = config_for(server);
  config.token_file = folder_.write("token", "first");
  const auto transport = this->transport(config);
  std::filesystem::remove(config.token_file);
  EXPECT_EQ(authorization(*transport), "Bearer first");
}

TEST_F(HttpsCredentials, ARequestThatIsUnauthorizedIsRepeatedOnceTheTokenFileHasChanged) {
  ScriptedServer server(echoes_authorization("Bearer second"), tls());
  auto config = config_for(server);
  config.token_file = folder_.write("token", "first");
  const auto transport = this->transport(config);
  folder_.write("token", "second");
  const auto response = run(transport->send(request(Method::kPost, "{}")));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
}

TEST_F(HttpsCredentials, AnUnauthorizedAnswerIsGivenAsItIsWhenThereIsNoOtherToken) {
  ScriptedServer server(echoes_authorization("Bearer second"), tls());
  auto config = config_for(server);
  config.token = "first";
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 401);
}

TEST_F(HttpsCredentials, AnAuthorityThatHasChangedIsTrustedAndTheOldConnectionIsNotUsed) {
  bounds_.reload = 0ms;
  const Authority other("other authority");
  ScriptedServer server(answers("{}"), tls());
  auto config = config_for(server);
  config.ca = {{}, folder_.write("ca.crt", authority_.pem())};
  const auto transport = this->transport(config);
  ASSERT_TRUE(get(*transport));
  ASSERT_TRUE(get(*transport));
  EXPECT_EQ(server.connections(), 1);
  folder_.write("ca.crt", other.pem());
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTls);
}

TEST_F(HttpsCredentials, AClientCertificateThatHasChangedIsShownOnANewConnection) {
  bounds_.reload = 0ms;
  ScriptedServer server(answers("{}"), ServerTls{authority_.server(), authority_.pem()});
  const Identity first = authority_.issue({"first", ""});
  const Identity second = authority_.issue({"second", ""});
  auto config = config_for(server);
  config.client_certificate = {{}, folder_.write("client.crt", first.certificate)};
  config.client_key = {{}, folder_.write("client.key", first.key)};
  const auto transport = this->transport(config);
  ASSERT_TRUE(get(*transport));
  // Half of the pair is not an identity: the transport uses the old one until the other half is
  // there.
  folder_.write("client.crt", second.certificate);
  ASSERT_TRUE(get(*transport));
  EXPECT_EQ(server.connections(), 1);
  folder_.write("client.key", second.key);
  ASSERT_TRUE(get(*transport));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpsCredentials, ThePluginIsRunOnceForManyRequestsAtOnce) {
  ScriptedServer server(echoes_authorization(), tls());
  auto config = config_for(server);
  config.exec = plugin(R"({"token":"from-plugin"})");
  const auto transport = this->transport(config);
  EXPECT_EQ(runs(), 0);
  std::list<Started<base::Result<kube::Response>>> started(5);
  for (auto& one : started) start(transport->send(request(Method::kGet)), one);
  for (auto& one : started) {
    finish(one);
    ASSERT_TRUE(one.value && *one.value);
    EXPECT_EQ((**one.value).body, "Bearer from-plugin");
  }
  EXPECT_EQ(runs(), 1);
}

TEST_F(HttpsCredentials, ThePluginIsRunAgainWhenWhatItGaveHasExpired) {
  ScriptedServer server(echoes_authorization(), tls());
  auto config = config_for(server);
  config.exec = plugin(R"({"token":"t","expirationTimestamp":"2020-01-01T00:00:00Z"})");
  const auto transport = this->transport(config);
  EXPECT_EQ(authorization(*transport), "Bearer t");
  EXPECT_EQ(authorization(*transport), "Bearer t");
  EXPECT_EQ(runs(), 2);
}

TEST_F(HttpsCredentials, ThePluginIsRunAgainOnceAfterAnUnauthorizedAnswer) {
  ScriptedServer server(echoes_authorization("Bearer other"), tls());
  auto config = config_for(server);
  config.exec = plugin(R"({"token":"t"})");
  const auto transport = this->transport(config);
  for (int i = 0; i < 3; ++i) {
    const auto response = get(*transport);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 401);
  }
  EXPECT_EQ(runs(), 2);
}

TEST_F(HttpsCredentials, ThePluginMayGiveACertificate) {
  ScriptedServer server(answers("{}"), ServerTls{authority_.server(), authority_.pem()});
  const Identity own = authority_.issue({"client", ""});
  const auto escaped = [](std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
      text.replace(at, 1, "\\n");
    }
    return text;
  };
  auto config = config_for(server);
  config.exec = plugin(R"({"clientCertificateData":")" + escaped(own.certificate) +
                       R"(","clientKeyData":")" + escaped(own.key) + "\"}");
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  EXPECT_TRUE(response) << base::to_string(response.error());
}

TEST_F(HttpsCredentials, APluginThatFailsIsNotRunAgainAtOnce) {
  ScriptedServer server(answers("{}"), tls());
  auto config = config_for(server);
  config.exec = plugin("");
  config.exec->command =
      folder_.script("fails", "echo run >> " + folder_.path("runs") + "\nexit 3\n");
  const auto transport = this->transport(config);
  for (int i = 0; i < 3; ++i) {
    const auto response = get(*transport);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::kUnauthorized);
    EXPECT_THAT(response.error().message, HasSubstr("failed with exit code 3"));
  }
  EXPECT_EQ(runs(), 1);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpsCredentials, ACancelledRequestKillsThePluginAndTheNextRunsItAgain) {
  ScriptedServer server(answers("{}"), tls());
  auto config = config_for(server);
  config.exec = plugin(R"({"token":"t"})");
  const std::string quick = folder_.read("plugin");
  folder_.script("plugin", "echo $$ > " + folder_.path("pid") + "\nsleep 60\n");
  const auto transport = this->transport(config);
  Started<base::Result<kube::Response>> started;
  start(transport->send(request(Method::kGet)), started);
  while (folder_.read("pid").empty()) run_for(5ms);
  started.cancel.emit(asio::cancellation_type::terminal);
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
  EXPECT_NE(::kill(std::stoi(folder_.read("pid")), 0), 0);
  folder_.script("plugin", quick.substr(quick.find('\n') + 1));
  EXPECT_TRUE(get(*transport));
}

TEST_F(HttpsCredentials, NoErrorHoldsASecret) {
  const std::string secret = "s3cr3t-t0ken";
  std::vector<std::string> messages;
  const auto keep = [&](kube::ClientConfig config) {
    auto made = kube::make_https_transport(config, clock_, logger_, io_.get_executor(), bounds_);
    if (!made) return messages.push_back(base::to_string(made.error()));
    auto failing = request(Method::kGet);
    failing.timeout = 100ms;
    const auto response = run((*made)->send(failing));
    if (!response) messages.push_back(base::to_string(response.error()));
  };
  ScriptedServer silent([](Peer& peer) { peer.some(), peer.some(); }, tls());
  ScriptedServer plain([](Peer&) {});
  for (const ScriptedServer* server : {&silent, &plain}) {
    auto config = config_for(*server);
    config.token = secret;
    config.password = secret;
    keep(config);
    config.proxy = kube::ProxyUrl{net::ProxyKind::kHttp, "127.0.0.1", plain.port(), secret, secret};
    keep(config);
    config.token = secret + "\r\nX: y";
    keep(config);
    config.token.clear();
    config.client_certificate.text = secret;
    config.client_key.text = secret;
    keep(config);
    config.client_certificate.text = authority_.issue({"client", ""}).certificate;
    keep(config);
    config.client_certificate = {};
    config.exec = plugin("{\"token\":\"" + secret + "\"");
    keep(config);
  }
  EXPECT_EQ(messages.size(), 12U);
  for (const std::string& message : messages) EXPECT_THAT(message, Not(HasSubstr(secret)));
}

}  // namespace
