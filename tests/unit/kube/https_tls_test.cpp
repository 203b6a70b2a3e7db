#include <gmock/gmock.h>

#include "unit/kube/transport_fixture.h"

namespace {

using namespace testing_tls;
using base::ErrorCode;
using testing::HasSubstr;

class HttpsTls : public TransportTest {
 protected:
  ServerTls with(const Wanted& wanted) const { return {authority_.issue(wanted)}; }

  base::Error failure(const ScriptedServer& server) {
    const auto transport = this->transport(config_for(server));
    const auto response = get(*transport);
    return response ? base::Error{} : response.error();
  }
};

TEST_F(HttpsTls, ACertificateOfAnotherAuthorityIsRefused) {
  const Authority other("other authority");
  ScriptedServer server(answers("{}"), ServerTls{other.server()});
  const auto error = failure(server);
  EXPECT_EQ(error.code, ErrorCode::kTls);
  EXPECT_THAT(error.message, HasSubstr("not signed by a trusted CA"));
}

TEST_F(HttpsTls, ACertificateForAnotherHostIsRefusedAndTheMessageSaysForWhom) {
  ScriptedServer server(answers("{}"), with({"x", "DNS:other.test,IP:10.0.0.1"}));
  const auto error = failure(server);
  EXPECT_EQ(error.code, ErrorCode::kTls);
  EXPECT_THAT(error.message, HasSubstr("for another host: other.test, 10.0.0.1"));
}

TEST_F(HttpsTls, TheCommonNameOfACertificateIsNotItsHost) {
  ScriptedServer server(answers("{}"), with({"localhost", ""}));
  auto config = config_for(server);
  config.server.host = "localhost";
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTls);
}

TEST_F(HttpsTls, AnExpiredCertificateIsRefusedWithItsDate) {
  ScriptedServer server(answers("{}"), with({"x", "IP:127.0.0.1", -48h, -24h}));
  const auto error = failure(server);
  EXPECT_EQ(error.code, ErrorCode::kTls);
  EXPECT_THAT(error.message, testing::ContainsRegex("it expired on 20[0-9-]+T[0-9:]+Z"));
}

TEST_F(HttpsTls, ACertificateOfTomorrowIsRefused) {
  ScriptedServer server(answers("{}"), with({"x", "IP:127.0.0.1", 24h, 48h}));
  const auto error = failure(server);
  EXPECT_EQ(error.code, ErrorCode::kTls);
  EXPECT_THAT(error.message, HasSubstr("it is not valid before"));
}

TEST_F(HttpsTls, ACertificateThatIsItselfTrustedNeedsNoAuthority) {
  const Authority other("other authority");
  const Identity identity = other.server();
  ScriptedServer server(answers("{}"), ServerTls{identity});
  auto config = config_for(server);
  config.ca.text = identity.certificate;
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  EXPECT_TRUE(response) << base::to_string(response.error());
}

TEST_F(HttpsTls, OneOfSeveralAuthoritiesIsEnough) {
  const Authority other("other authority");
  ScriptedServer server(answers("{}"), ServerTls{authority_.server()});
  auto config = config_for(server);
  config.ca.text = other.pem() + authority_.pem();
  const auto transport = this->transport(config);
  EXPECT_TRUE(get(*transport));
}

TEST_F(HttpsTls, TheServerNameOfTheConfigurationIsWhatCounts) {
  ScriptedServer server(answers("{}"), with({"x", "DNS:kubernetes.test"}));
  auto config = config_for(server);
  config.tls_server_name = "kubernetes.test";
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  EXPECT_TRUE(response) << base::to_string(response.error());
}

TEST_F(HttpsTls, NothingIsVerifiedWhenThatIsWhatTheConfigurationSays) {
  const Authority other("other authority");
  ScriptedServer server(answers("{}"), ServerTls{other.issue({"x", "DNS:other.test", -48h, -24h})});
  auto config = config_for(server);
  config.ca.text.clear();
  config.insecure_skip_tls_verify = true;
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  EXPECT_TRUE(response) << base::to_string(response.error());
}

TEST_F(HttpsTls, AServerWithoutTls12IsRefused) {
  ScriptedServer server(answers("{}"), ServerTls{authority_.server(), {}, TLS1_1_VERSION});
  EXPECT_EQ(failure(server).code, ErrorCode::kTls);
}

TEST_F(HttpsTls, AServerThatSpeaksPlainHttpIsATlsError) {
  ScriptedServer server([](Peer& peer) {
    peer.some();
    peer.answer(400, "this is http");
  });
  const auto error = failure(server);
  EXPECT_EQ(error.code, ErrorCode::kTls);
  EXPECT_THAT(error.message, HasSubstr("does not speak valid TLS"));
}

TEST_F(HttpsTls, AServerThatEndsTheHandshakeIsANetworkErrorWithItsName) {
  ScriptedServer server([](Peer& peer) { peer.some(); });
  const auto error = failure(server);
  EXPECT_EQ(error.code, ErrorCode::kNetwork);
  EXPECT_EQ(error.message, "127.0.0.1: the connection was closed during the TLS handshake");
}

TEST_F(HttpsTls, ShowsItsCertificateToAServerThatAsksForOne) {
  ScriptedServer server(answers("{}"), ServerTls{authority_.server(), authority_.pem()});
  const Identity own = authority_.issue({"client", ""});
  auto config = config_for(server);
  config.client_certificate.text = own.certificate;
  config.client_key.text = own.key;
  const auto transport = this->transport(config);
  const auto response = get(*transport);
  EXPECT_TRUE(response) << base::to_string(response.error());
}

TEST_F(HttpsTls, AServerThatWantsACertificateAndGetsNoneIsATlsError) {
  ScriptedServer server(answers("{}"), ServerTls{authority_.server(), authority_.pem()});
  const auto error = failure(server);
  EXPECT_EQ(error.code, ErrorCode::kTls);
  EXPECT_THAT(error.message, HasSubstr("certificate required"));
}

TEST_F(HttpsTls, TheSessionOfAnEarlierConnectionIsResumed) {
  std::atomic<int> resumed = 0;
  ScriptedServer server(
      [&](Peer& peer) {
        if (peer.resumed()) ++resumed;
        peer.request();
        peer.answer(200, "{}", "Connection: close\r\n");
      },
      ServerTls{authority_.server()});
  const auto transport = this->transport(config_for(server));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(get(*transport));
  EXPECT_EQ(server.connections(), 3);
  EXPECT_EQ(resumed, 2);
}

TEST_F(HttpsTls, WhatIsNoCertificateIsRefusedBeforeAnythingIsSent) {
  kube::ClientConfig config;
  config.server = {true, "127.0.0.1", 1, ""};
  config.ca.text = "not a certificate";
  const auto made = kube::make_https_transport(config, clock_, logger_, io_.get_executor());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(made.error().message, HasSubstr("the CA data contains no PEM certificate"));
}

TEST_F(HttpsTls, AKeyOfAnotherCertificateIsRefusedBeforeAnythingIsSent) {
  kube::ClientConfig config;
  config.server = {true, "127.0.0.1", 1, ""};
  config.ca.text = authority_.pem();
  config.client_certificate.text = authority_.issue({"one", ""}).certificate;
  config.client_key.text = authority_.issue({"two", ""}).key;
  const auto made = kube::make_https_transport(config, clock_, logger_, io_.get_executor());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
}

}  // namespace
