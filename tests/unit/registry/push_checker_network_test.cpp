#include <gmock/gmock.h>

#include "unit/registry/checker_fixture.h"
#include "unit/registry/fake_dns.h"

namespace {

using namespace fake_registry;
using fake_dns::FakeDns;
using fake_dns::Names;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class PushCheckNetwork : public CheckerTest {
 protected:
  void expect_unknown(const std::string& domain, const std::string& why) {
    const auto answer = check(domain, kUser);
    EXPECT_EQ(answer.answer, Answer::kUnknown) << domain;
    EXPECT_THAT(answer.message, HasSubstr(why)) << domain;
  }

  // Returns an address where nothing listens: the port of a server that no longer exists.
  static std::string closed_port() { return FakeServer(Registry{}).authority(); }
};

TEST_F(PushCheckNetwork, ANameThatDoesNotExistIsUnknown) {
  FakeDns dns(Names{});
  expect_unknown("registry.test", "cannot look up registry.test: ");
}

TEST_F(PushCheckNetwork, ALookUpThatHangsDoesNotHoldUpTheCheck) {
  FakeDns dns(Names{});
  dns.hang("registry.test");
  options_.request_timeout = 100ms;
  const auto begin = clock_.now();
  expect_unknown("registry.test", "looking up registry.test took too long");
  EXPECT_LT(clock_.now() - begin, options_.timeout);
  // The end of the lookup does no harm after the check has ended.
  dns.release();
  io_.restart();
  io_.run();
}

TEST_F(PushCheckNetwork, ACheckIsCancelledWhileANameIsLookedUp) {
  FakeDns dns(Names{});
  dns.hang("registry.test");
  PushChecker checker(io_.get_executor(), clock_, options_);
  Started<PushAnswer> started;
  start(checker.check(image("registry.test"), kUser), started);
  run_for(50ms);
  started.cancel.emit(support::asio::cancellation_type::terminal);
  const auto begin = clock_.now();
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
  EXPECT_LT(clock_.now() - begin, options_.request_timeout);
}

TEST_F(PushCheckNetwork, DockerHubIsAskedAtItsRegistry) {
  FakeDns dns(Names{});
  expect_unknown("docker.io", "cannot look up registry-1.docker.io");
  EXPECT_THAT(dns.lookups(), ElementsAre("registry-1.docker.io"));
}

TEST_F(PushCheckNetwork, ARefusedConnectionIsUnknown) {
  const std::string domain = closed_port();
  expect_unknown(domain, "cannot connect to " + domain + ": Connection refused");
}

TEST_F(PushCheckNetwork, ARegistryThatSaysNothingIsUnknown) {
  options_.request_timeout = 2s;  // long enough for the TLS handshake on a slow machine
  FakeServer server([](const Seen&, Peer& peer) { return !peer.some().empty(); }, tls());
  expect_unknown(server.authority(), server.authority() + ": no complete answer in time");
}

TEST_F(PushCheckNetwork, ARegistryThatDoesNotShakeHandsIsUnknown) {
  options_.request_timeout = 1s;  // long enough for the TCP connection on a slow machine
  testing_tls::ScriptedServer server([](Peer& peer) {
    while (!peer.some().empty()) continue;
  });
  expect_unknown("127.0.0.1:" + std::to_string(server.port()),
                 "no answer to the TLS handshake from 127.0.0.1 in time");
}

TEST_F(PushCheckNetwork, ARegistryThatHangsUpIsUnknown) {
  FakeServer server([](const Seen&, Peer&) { return false; }, tls());
  expect_unknown(server.authority(), "closed before an answer came");
}

TEST_F(PushCheckNetwork, AnUnknownAuthorityIsReportedAsSuch) {
  const Authority other("other authority");
  FakeServer server(Registry{}, ServerTls{other.server()});
  expect_unknown(server.authority(), "not signed by a trusted CA");
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(PushCheckNetwork, WithoutTheFileOfItsAuthorityARegistryIsUnknown) {
  options_.ca_file.clear();
  FakeServer server(Registry{}, tls());
  expect_unknown(server.authority(), "cannot be trusted: it was not signed by a trusted CA");
}

TEST_F(PushCheckNetwork, ACertificateForAnotherHostIsReportedAsSuch) {
  FakeServer server(Registry{}, ServerTls{authority_.issue({"x", "DNS:other.test"})});
  expect_unknown(server.authority(), "it is for another host: other.test");
}

TEST_F(PushCheckNetwork, AnExpiredCertificateIsReportedAsSuch) {
  FakeServer server(Registry{}, ServerTls{authority_.issue({"x", "IP:127.0.0.1", -48h, -24h})});
  expect_unknown(server.authority(), "it expired on 20");
}

TEST_F(PushCheckNetwork, AFileOfAuthoritiesThatIsNoneIsReportedByItsName) {
  FakeServer server(Registry{}, tls());
  options_.ca_file = folder_.path("missing");
  expect_unknown(server.authority(), "cannot read " + folder_.path("missing"));
  options_.ca_file = folder_.write("nonsense", "hello");
  expect_unknown(server.authority(),
                 folder_.path("nonsense") + ": the CA data contains no PEM certificate");
  options_.ca_file = folder_.write("empty", "");
  expect_unknown(server.authority(), folder_.path("empty") + " is empty");
}

TEST_F(PushCheckNetwork, AFileOfAuthoritiesThatChangesCountsAtOnce) {
  const Authority other("other authority");
  FakeServer server(Registry{}, ServerTls{other.server()});
  PushChecker checker(io_.get_executor(), clock_, options_);
  EXPECT_EQ(run(checker.check(image(server.authority()), {})).answer, Answer::kUnknown);
  folder_.write("ca.crt", authority_.pem() + other.pem());
  EXPECT_EQ(run(checker.check(image(server.authority()), {})).answer, Answer::kGranted);
}

TEST_F(PushCheckNetwork, PlainHttpIsNotSpokenWithoutBeingToldTo) {
  FakeServer server(Registry{});
  expect_unknown(server.authority(), "does not speak valid TLS");
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(PushCheckNetwork, AnInsecureRegistryMaySpeakPlainHttp) {
  FakeServer server(Registry{});
  options_.insecure_registries = {server.authority()};
  EXPECT_EQ(check(server).answer, Answer::kGranted);
  options_.insecure_registries = {"127.0.0.0/8"};
  EXPECT_EQ(check(server).answer, Answer::kGranted);
}

TEST_F(PushCheckNetwork, AnInsecureRegistryIsAskedByHttpsFirstAndNotVerified) {
  const Authority other("other authority");
  FakeServer server(Registry{}, ServerTls{other.issue({"x", "DNS:other.test", -48h, -24h})});
  options_.insecure_registries = {server.authority()};
  EXPECT_EQ(check(server).answer, Answer::kGranted);
}

TEST_F(PushCheckNetwork, AnInsecureRegistryThatIsAwayIsUnknownByBothWays) {
  const std::string domain = closed_port();
  options_.insecure_registries = {domain};
  expect_unknown(domain, "HTTPS failed (cannot connect to");
}

TEST_F(PushCheckNetwork, AnInsecureRegistryThatAnswersByHttpsIsNotAskedByHttp) {
  Registry registry;
  registry.ping = {500};
  FakeServer server(registry, tls());
  options_.insecure_registries = {server.authority()};
  expect_unknown(server.authority(), server.authority() + " answers HTTP status 500");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(PushCheckNetwork, CredentialsGoToAnInsecureRegistryAndItsTokenServerByPlainHttp) {
  FakeServer tokens([](const Seen&, Peer& peer) {
    peer.answer(200, R"({"token":"hidden.token"})");
    return true;
  });
  Registry registry;
  registry.authorization = "Bearer hidden.token";
  registry.ping = {401, bearer("http://" + tokens.authority() + "/token")};
  FakeServer server(registry);
  options_.insecure_registries = {server.authority()};
  EXPECT_EQ(check(server, kUser).answer, Answer::kGranted);
  EXPECT_EQ(tokens.seen().at(0).header("Authorization"), kBasic);
}

TEST_F(PushCheckNetwork, EntriesThatAreNoRegistriesAreIgnored) {
  FakeServer server(Registry{});
  options_.insecure_registries = {"", "a b", "http://x", server.authority()};
  EXPECT_EQ(check(server).answer, Answer::kGranted);
}

TEST_F(PushCheckNetwork, AProxyIsUsedAsTheEnvironmentSays) {
  FakeServer proxy([](const Seen&, Peer& peer) {
    peer.answer(403, "");
    return false;
  });
  options_.environment = {{"HTTPS_PROXY", "http://" + proxy.authority()}};
  FakeDns dns(Names{});
  expect_unknown("registry.test", "does not connect to registry.test:443: HTTP status 403");
  EXPECT_THAT(proxy.lines(), Contains("CONNECT registry.test:443"));
  EXPECT_TRUE(dns.lookups().empty());
}

class PushCheckGuard : public PushCheckNetwork {
 protected:
  PushCheckGuard() { options_.guard_addresses = true; }
};

TEST_F(PushCheckGuard, AnAddressOfLoopbackIsNotAsked) {
  FakeServer server(Registry{}, tls());
  expect_unknown(server.authority(), "has the address 127.0.0.1: a loopback address");
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(PushCheckGuard, NoAddressOfSpecialUseIsAsked) {
  for (const std::string_view domain :
       {"169.254.169.254", "0.0.0.0:5000", "[::1]:5000", "[::]", "[fe80::1]", "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]", "224.0.0.1", "[ff02::1]", "[64:ff9b::7f00:1]", "127.1.2.3",
        "[::127.0.0.1]", "255.255.255.255", "[2002:7f00:1::]"}) {
    expect_unknown(std::string(domain), "only if the registry is configured as insecure");
  }
}

TEST_F(PushCheckGuard, ANumberInAnotherNotationIsAName) {
  // getaddrinfo() reads these as 127.0.0.1, and the check judges its result.
  for (const std::string_view domain : {"127.1:5000", "2130706433:5000", "0x7f.1:5000"}) {
    expect_unknown(std::string(domain), "127.0.0.1: a loopback address");
  }
}

TEST_F(PushCheckGuard, ANameThatMeansLoopbackIsNotAsked) {
  FakeServer server(Registry{}, tls());
  const std::string port = std::to_string(server.port());
  FakeDns dns(Names{{"registry.test", {"127.0.0.1"}}, {"six.test", {"::ffff:127.0.0.1", "::1"}}});
  expect_unknown("registry.test:" + port,
                 "registry.test:" + port + " has the address 127.0.0.1: a loopback");
  expect_unknown("six.test:" + port, "a loopback address");
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(PushCheckGuard, ARegistryThatIsNamedMayBeAnywhere) {
  FakeServer server(Registry{});
  options_.insecure_registries = {server.authority()};
  EXPECT_EQ(check(server).answer, Answer::kGranted);
  const std::string domain = "registry.test:" + std::to_string(server.port());
  FakeDns dns(Names{{"registry.test", {"127.0.0.1"}}});
  expect_unknown(domain, "a loopback address");
  options_.insecure_registries = {domain};
  EXPECT_EQ(check(domain).answer, Answer::kGranted);
}

TEST_F(PushCheckGuard, ANetworkDoesNotNameWhatResolvesIntoIt) {
  FakeServer server(Registry{});
  FakeDns dns(Names{{"registry.test", {"127.0.0.1"}}});
  options_.insecure_registries = {"127.0.0.0/8"};
  expect_unknown("registry.test:" + std::to_string(server.port()), "a loopback address");
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(PushCheckGuard, ATokenServerIsJudgedAsARegistryIs) {
  FakeServer tokens([](const Seen&, Peer&) { return false; }, tls());
  Registry registry;
  registry.ping = {401, bearer("https://" + tokens.authority() + "/token")};
  FakeServer server(registry);
  options_.insecure_registries = {server.authority()};
  expect_unknown(server.authority(),
                 "token server: " + tokens.authority() + " has the address 127.0.0.1");
  EXPECT_EQ(tokens.connections(), 0);
}

TEST_F(PushCheckGuard, AnUploadIsNotCancelledWhereNobodyMayGo) {
  FakeServer elsewhere([](const Seen&, Peer&) { return false; });
  Registry registry;
  registry.begin = {202, "Location: http://" + elsewhere.authority() + "/upload\r\n"};
  FakeServer server(registry);
  options_.insecure_registries = {server.authority()};
  EXPECT_EQ(check(server).answer, Answer::kGranted);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(PushCheckGuard, AnAddressThatIsWrittenIsJudgedEvenWithAProxy) {
  FakeServer proxy([](const Seen&, Peer&) { return false; });
  options_.environment = {{"HTTPS_PROXY", "http://" + proxy.authority()}};
  expect_unknown("169.254.169.254", "a link-local address");
  EXPECT_EQ(proxy.connections(), 0);
}

// The operator reports one message for all registries that it cannot reach.
class PushCheckInACluster : public PushCheckNetwork {
 protected:
  PushCheckInACluster() { options_.report_network_errors = false; }

  void expect_no_reason(const std::string& domain) {
    const auto answer = check(domain, kUser);
    EXPECT_EQ(answer.answer, Answer::kUnknown);
    EXPECT_EQ(answer.message, "the operator cannot reach a registry at " + domain +
                                  ": check the host in the image, or set spec.enabled to true");
  }
};

TEST_F(PushCheckInACluster, WhatCannotBeReachedHasOneWording) {
  options_.request_timeout = 1s;
  expect_no_reason(closed_port());
  FakeServer plain(Registry{});
  expect_no_reason(plain.authority());
  testing_tls::ScriptedServer silent([](Peer& peer) {
    while (!peer.some().empty()) continue;
  });
  expect_no_reason("127.0.0.1:" + std::to_string(silent.port()));
  FakeServer another(Registry{}, ServerTls{authority_.issue({"x", "DNS:internal.test"})});
  expect_no_reason(another.authority());
  FakeServer rude([](const Seen&, Peer&) { return false; }, tls());
  expect_no_reason(rude.authority());
  Registry endless;
  endless.ping = {200, "", std::string(2 * limits::kCheckBodyBytes, 'x')};
  FakeServer large(endless, tls());
  expect_no_reason(large.authority());
  FakeDns dns(Names{});
  expect_no_reason("registry.test");
}

TEST_F(PushCheckInACluster, WhatIsDeniedReadsLikeWhatCannotBeReached) {
  FakeServer server(Registry{}, tls());
  options_.guard_addresses = true;
  expect_no_reason(server.authority());
  options_.denied_networks = {"127.0.0.0/8"};
  options_.insecure_registries = {server.authority()};
  expect_no_reason(server.authority());
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(PushCheckInACluster, ATokenServerIsNoWayToLookAround) {
  FakeServer unavailable(
      [](const Seen&, Peer& peer) {
        peer.answer(503, "");
        return true;
      },
      tls());
  FakeServer no_token(
      [](const Seen&, Peer& peer) {
        peer.answer(200, "<html>");
        return true;
      },
      tls());
  for (const std::string& realm : {unavailable.authority(), no_token.authority(), closed_port()}) {
    Registry registry;
    registry.ping = {401, bearer("https://" + realm + "/token")};
    FakeServer server(registry, tls());
    expect_no_reason(server.authority());
  }
}

TEST_F(PushCheckInACluster, WhatTheRegistryItselfAnswersIsReported) {
  Registry registry;
  registry.ping = {500};
  FakeServer server(registry, tls());
  expect_unknown(server.authority(), "answers HTTP status 500");
}

TEST_F(PushCheckInACluster, TheNetworkOfServicesIsNotAsked) {
  FakeServer server(Registry{}, tls());
  FakeDns dns(Names{{"registry.test", {"127.0.0.1"}}});
  options_.guard_addresses = true;
  options_.insecure_registries = {"127.0.0.0/8"};
  PushChecker checker(io_.get_executor(), clock_, options_);
  EXPECT_EQ(run(checker.check(image(server.authority()), {})).answer, Answer::kGranted);
  checker.set_service_networks(*registry::Networks::parse({"127.0.0.0/12"}));
  EXPECT_EQ(run(checker.check(image(server.authority()), {})).answer, Answer::kUnknown);
  EXPECT_EQ(server.connections(), 1);
}

}  // namespace
