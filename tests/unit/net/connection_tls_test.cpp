#include <boost/asio/post.hpp>

#include "unit/net/connection_fixture.h"

namespace {

using namespace net_test;
using testing_tls::Identity;
using testing_tls::Wanted;
using namespace std::chrono_literals;

class TlsConnections : public ConnectionTest {
 protected:
  Context trusting(const Authority& authority) {
    net::TlsSettings settings;
    settings.ca = authority.pem();
    return *net::TlsContext::make(settings);
  }

  // Returns the error of connecting to a server with this certificate; "" without one.
  std::string refusal_of(const Identity& identity, const std::string& host = "127.0.0.1") {
    const ScriptedServer server(answers(""), ServerTls{identity});
    const auto connected =
        connect(*connection(), route_to(server, "https", host), trusting(authority_));
    if (connected) return "";
    EXPECT_EQ(connected.error().code, ErrorCode::kTls);
    return connected.error().message;
  }

  Authority authority_{"the authority"};
};

TEST_F(TlsConnections, ATrustedAuthorityAndTheRightNameOrAddressAreAccepted) {
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    const ScriptedServer server(answers("secure"), ServerTls{authority_.server()});
    const auto to = connection();
    const auto connected = connect(*to, route_to(server, "https", host), trusting(authority_));
    ASSERT_TRUE(connected) << base::to_string(connected.error());
    EXPECT_EQ(get(*to).body, "secure");
    EXPECT_TRUE(to->is_reusable());
    EXPECT_NE(to->context(), nullptr);
  }
}

TEST_F(TlsConnections, ACertificateOfAnotherAuthorityIsRefused) {
  EXPECT_THAT(refusal_of(Authority("the authority").server()),
              StartsWith("the certificate of 127.0.0.1 cannot be trusted: "));
}

TEST_F(TlsConnections, ACertificateForAnotherNameOrAddressIsRefused) {
  Wanted other;
  other.alternative_names = "DNS:other.test,IP:127.0.0.2";
  const Identity identity = authority_.issue(other);
  EXPECT_THAT(refusal_of(identity), HasSubstr("cannot be trusted"));
  EXPECT_THAT(refusal_of(identity, "localhost"), HasSubstr("cannot be trusted"));
}

TEST_F(TlsConnections, AWildcardStandsForOneWholePartOfAName) {
  Wanted wanted;
  wanted.alternative_names = "DNS:*.a.test";
  const ScriptedServer server(answers(""), ServerTls{authority_.issue(wanted)});
  net::ServerRoute route = route_to(server, "https");
  for (const auto& [name, is_trusted] : std::vector<std::pair<std::string, bool>>{
           {"b.a.test", true}, {"c.b.a.test", false}, {"a.test", false}, {"ba.test", false}}) {
    route.tls_name = name;
    EXPECT_EQ(connect(*connection(), route, trusting(authority_)).has_value(), is_trusted) << name;
  }
}

TEST_F(TlsConnections, ACertificateIsRefusedOutsideOfItsTime) {
  Wanted expired;
  expired.alternative_names = "IP:127.0.0.1";
  expired.from = -48h;
  expired.until = -24h;
  EXPECT_THAT(refusal_of(authority_.issue(expired)), HasSubstr("expired"));
  Wanted tomorrow;
  tomorrow.alternative_names = "IP:127.0.0.1";
  tomorrow.from = 24h;
  tomorrow.until = 48h;
  EXPECT_THAT(refusal_of(authority_.issue(tomorrow)), HasSubstr("it is not valid before"));
}

TEST_F(TlsConnections, MoreAuthoritiesAreTrustedBesideTheFirst) {
  const Authority more("more");
  net::TlsSettings settings;
  settings.ca = authority_.pem();
  settings.more_ca = more.pem();
  const Context context = *net::TlsContext::make(settings);
  for (const Authority* authority : std::vector<const Authority*>{&authority_, &more}) {
    const ScriptedServer server(answers(""), ServerTls{authority->server()});
    EXPECT_TRUE(connect(*connection(), route_to(server, "https"), context));
  }
}

TEST_F(TlsConnections, WithoutVerificationAnyCertificateIsAccepted) {
  net::TlsSettings settings;
  settings.insecure = true;
  const ScriptedServer server(answers("whatever"), ServerTls{Authority("other").issue({})});
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server, "https"), *net::TlsContext::make(settings)));
  EXPECT_EQ(get(*to).body, "whatever");
}

TEST_F(TlsConnections, AServerThatAsksForACertificateGetsTheClients) {
  const Authority clients("clients");
  const ScriptedServer server(answers("known"), ServerTls{authority_.server(), clients.pem()});
  const Identity client = clients.issue({});
  net::TlsSettings settings;
  settings.ca = authority_.pem();
  settings.certificate = client.certificate;
  settings.key = client.key;
  const auto to = connection();
  ASSERT_TRUE(connect(*to, route_to(server, "https"), *net::TlsContext::make(settings)));
  EXPECT_EQ(get(*to).body, "known");
}

// With TLS 1.3 the client's handshake ends before the server has verified the client.
TEST_F(TlsConnections, AServerThatGetsNoCertificateEndsTheSession) {
  const Authority clients("clients");
  const ScriptedServer server(answers("known"), ServerTls{authority_.server(), clients.pem()});
  const auto to = connection();
  const auto connected = connect(*to, route_to(server, "https"), trusting(authority_));
  const base::Error error = connected ? receive(*to).error : connected.error();
  EXPECT_EQ(error.code, ErrorCode::kTls);
  EXPECT_THAT(error.message, StartsWith("127.0.0.1 ended the TLS session: "));
}

TEST_F(TlsConnections, ASessionIsResumedOnlyWithAServerOfTheSameName) {
  Wanted wanted;
  wanted.alternative_names = "DNS:a.test,DNS:b.test";
  const ScriptedServer server(
      [](Peer& peer) {
        while (peer.request()) peer.answer(200, peer.resumed() ? "resumed" : "new");
      },
      ServerTls{authority_.issue(wanted)});
  net::ServerRoute route = route_to(server, "https");
  const Context context = trusting(authority_);
  std::vector<std::string> sessions;
  for (const std::string name : {"a.test", "a.test", "b.test"}) {
    route.tls_name = name;
    const auto to = connection();
    ASSERT_TRUE(connect(*to, route, context));
    sessions.push_back(get(*to).body);
  }
  EXPECT_THAT(sessions, testing::ElementsAre("new", "resumed", "new"));
}

TEST_F(TlsConnections, AServerWithoutTls12IsRefused) {
  const ScriptedServer server(answers(""), ServerTls{authority_.server(), "", TLS1_1_VERSION});
  const auto connected = connect(*connection(), route_to(server, "https"), trusting(authority_));
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::kTls);
}

TEST_F(TlsConnections, AServerThatSpeaksPlainHttpIsATlsError) {
  const ScriptedServer server([](Peer& peer) {
    peer.some();
    peer.answer(400, "speak HTTP");
  });
  const auto connected = connect(*connection(), route_to(server, "https"), trusting(authority_));
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::kTls);
  EXPECT_THAT(connected.error().message, StartsWith("127.0.0.1 does not speak valid TLS: "));
}

TEST_F(TlsConnections, AConnectionThatIsCutDuringTheHandshakeIsANetworkError) {
  const ScriptedServer server([](Peer& peer) {
    peer.some();
    ::shutdown(peer.descriptor(), SHUT_RDWR);
  });
  const auto connected = connect(*connection(), route_to(server, "https"), trusting(authority_));
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::kNetwork);
  EXPECT_EQ(connected.error().message,
            "127.0.0.1: the connection was closed during the TLS handshake");
}

// An answer without a length ends with the connection. An attacker can cut the connection, but
// cannot say goodbye for the server.
TEST_F(TlsConnections, AnAnswerWithoutALengthIsWholeOnlyWithAnOrderlyEnd) {
  for (const bool orderly : {true, false}) {
    const ScriptedServer server(
        [&](Peer& peer) {
          peer.request();
          peer.send("HTTP/1.1 200 OK\r\n\r\nall");
          if (orderly) peer.goodbye();
          ::shutdown(peer.descriptor(), SHUT_WR);
          peer.request();
        },
        ServerTls{authority_.server()});
    const auto to = connection();
    ASSERT_TRUE(connect(*to, route_to(server, "https"), trusting(authority_)));
    const Outcome outcome = get(*to);
    EXPECT_EQ(outcome.body, "all");
    EXPECT_EQ(outcome.error.message, orderly ? "" : "the connection was closed unexpectedly");
  }
}

TEST_F(TlsConnections, ACancelledHandshakeThrows) {
  support::Started<base::Result<void>> started;
  const ScriptedServer server([&](Peer& peer) {
    peer.some();
    boost::asio::post(io_, [&] { started.cancel.emit(boost::asio::cancellation_type::terminal); });
    peer.some();
  });
  const net::ServerRoute route = route_to(server, "https");
  const auto to = connection();
  start(to->connect(route, trusting(authority_), later()), started);
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
}

TEST(TlsContext, RefusesTextsThatAreNotPem) {
  const Authority authority("an authority");
  const Identity identity = authority.issue({});
  for (const net::TlsSettings& wrong : std::vector<net::TlsSettings>{
           {"not PEM", "", "", ""},
           {authority.pem(), "not PEM", "", ""},
           {authority.pem(), "", "not PEM", identity.key},
           {authority.pem(), "", identity.certificate, "not PEM"},
           {authority.pem(), "", identity.certificate, ""},
       }) {
    const auto context = net::TlsContext::make(wrong);
    ASSERT_FALSE(context) << wrong.ca << wrong.more_ca;
    EXPECT_EQ(context.error().code, ErrorCode::kInvalid);
  }
}

TEST(TlsContext, RefusesTheKeyOfAnotherCertificate) {
  const Authority authority("an authority");
  net::TlsSettings settings;
  settings.certificate = authority.issue({}).certificate;
  settings.key = authority.issue({}).key;
  const auto context = net::TlsContext::make(settings);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(context.error().message, Not(HasSubstr("PRIVATE")));
}

}  // namespace
