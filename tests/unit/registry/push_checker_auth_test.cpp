#include <gmock/gmock.h>

#include "unit/registry/checker_fixture.h"

namespace {

using namespace fake_registry;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kScope = "scope=repository%3Aorg%2Fapp%3Apull%2Cpush";

class PushCheckAuth : public CheckerTest {
 protected:
  // Checks a registry that requires a token of the token server. The token server answers tokens_.
  PushAnswer check_with_tokens(std::optional<Credentials> credentials) {
    tokens_server_.emplace(
        [this](const Seen&, Peer& peer) {
          peer.answer(tokens_.status, tokens_.body, tokens_.headers);
          return true;
        },
        tls());
    Registry registry;
    registry.authorization = "Bearer hidden.token";
    registry.ping = {401, bearer("https://" + tokens_server_->authority() + "/token?x=y")};
    registry.refused = {401, bearer("https://" + tokens_server_->authority() + "/token",
                                    ",error=\"insufficient_scope\"")};
    registry_server_.emplace(registry, tls());
    return check(*registry_server_, std::move(credentials));
  }

  Seen token_request() const { return tokens_server_->seen().at(0); }

  Reply tokens_ = {200, "", R"({"token":"hidden.token","expires_in":300,"issued_at":"x"})"};
  std::optional<FakeServer> tokens_server_;
  std::optional<FakeServer> registry_server_;
};

TEST_F(PushCheckAuth, BasicTakesUserAndPasswordOnceItIsAskedFor) {
  Registry registry;
  registry.ping = {401, "WWW-Authenticate: Basic realm=\"x\"\r\n"};
  registry.authorization = kBasic;
  FakeServer server(registry, tls());
  EXPECT_EQ(check(server, kUser).answer, Answer::kGranted);
  EXPECT_EQ(server.seen().at(0).header("Authorization"), "");
  EXPECT_EQ(server.seen().at(1).header("Authorization"), kBasic);
  EXPECT_EQ(server.seen().at(2).line(), "DELETE /v2/org/app/blobs/uploads/one?_state=a%3Db");
  EXPECT_EQ(server.seen().at(2).header("Authorization"), kBasic);
}

TEST_F(PushCheckAuth, BasicWithoutCredentialsIsDenied) {
  Registry registry;
  registry.ping = {401, "WWW-Authenticate: Basic realm=\"x\"\r\n"};
  FakeServer server(registry, tls());
  const auto answer = check(server);
  EXPECT_EQ(answer.answer, Answer::kDenied);
  EXPECT_THAT(answer.message,
              HasSubstr("requires a user name and password, but there are no credentials"));
  EXPECT_THAT(server.lines(), ElementsAre("GET /v2/"));
}

TEST_F(PushCheckAuth, AWrongPasswordIsDenied) {
  Registry registry;
  registry.ping = {401, "WWW-Authenticate: Basic realm=\"x\"\r\n"};
  registry.refused = registry.ping;
  registry.authorization = "Basic other";
  FakeServer server(registry, tls());
  const auto answer = check(server, kUser);
  EXPECT_EQ(answer.answer, Answer::kDenied);
  EXPECT_THAT(answer.message, HasSubstr("with the given credentials (HTTP status 401)"));
  EXPECT_EQ(server.seen().size(), 2U) << "the same password is not sent again";
}

TEST_F(PushCheckAuth, ATokenIsFetchedForThisRepositoryAndUsed) {
  EXPECT_EQ(check_with_tokens(kUser).answer, Answer::kGranted);
  EXPECT_EQ(token_request().line(),
            "GET /token?x=y&service=the%20registry&" + std::string(kScope) + "&account=hiddenuser");
  EXPECT_EQ(token_request().header("Authorization"), kBasic);
  EXPECT_EQ(registry_server_->seen().at(1).header("Authorization"), "Bearer hidden.token");
  EXPECT_EQ(registry_server_->seen().at(2).method, "DELETE");
  EXPECT_EQ(registry_server_->seen().at(2).header("Authorization"), "Bearer hidden.token");
}

TEST_F(PushCheckAuth, TheRightToCancelIsAskedForOnlyWhenItIsMissing) {
  int number = 0;
  tokens_server_.emplace(
      [&number](const Seen&, Peer& peer) {
        peer.answer(200, R"({"token":"hidden.)" + std::to_string(++number) + R"("})");
        return true;
      },
      tls());
  const Reply challenge = {401, bearer("https://" + tokens_server_->authority() + "/token")};
  registry_server_.emplace(
      [&](const Seen& seen, Peer& peer) {
        Registry registry;
        registry.ping = registry.refused = challenge;
        registry.authorization = seen.method == "DELETE" ? "Bearer hidden.2" : "Bearer hidden.1";
        return registry(seen, peer);
      },
      tls());
  EXPECT_EQ(check(*registry_server_, kUser).answer, Answer::kGranted);
  ASSERT_EQ(tokens_server_->seen().size(), 2U);
  EXPECT_THAT(tokens_server_->seen().at(1).target, HasSubstr("pull%2Cpush%2Cdelete"));
  EXPECT_EQ(registry_server_->seen().back().header("Authorization"), "Bearer hidden.2");
}

TEST_F(PushCheckAuth, ATokenForAnybodyIsFetchedWithoutCredentials) {
  EXPECT_EQ(check_with_tokens({}).answer, Answer::kGranted);
  EXPECT_EQ(token_request().header("Authorization"), "");
  EXPECT_THAT(token_request().target, Not(HasSubstr("account")));
}

TEST_F(PushCheckAuth, ATokenThatAllowsNoPushIsDenied) {
  tokens_.body = R"({"token":"hidden.other"})";
  const auto answer = check_with_tokens(kUser);
  EXPECT_EQ(answer.answer, Answer::kDenied);
  EXPECT_EQ(tokens_server_->seen().size(), 1U) << "another token would say the same";
}

TEST_F(PushCheckAuth, ATokenMayBeCalledAccessToken) {
  tokens_.body = R"({"access_token":"hidden.token","expires_in":"300"})";
  EXPECT_EQ(check_with_tokens(kUser).answer, Answer::kGranted);
}

TEST_F(PushCheckAuth, AnIdentityTokenIsExchanged) {
  EXPECT_EQ(check_with_tokens(Credentials{"", "", "hidden/identity+"}).answer, Answer::kGranted);
  EXPECT_EQ(token_request().line(), "POST /token?x=y");
  EXPECT_EQ(token_request().header("Authorization"), "");
  EXPECT_EQ(token_request().header("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(token_request().body, "grant_type=refresh_token&service=the%20registry&" +
                                      std::string(kScope) +
                                      "&client_id=local-registry-operator"
                                      "&refresh_token=hidden%2Fidentity%2B");
}

TEST_F(PushCheckAuth, ARegistryTokenIsSentWithoutATokenServer) {
  EXPECT_EQ(check_with_tokens(Credentials{"user", "wrong", "", "hidden.token"}).answer,
            Answer::kGranted);
  EXPECT_TRUE(tokens_server_->seen().empty());
  EXPECT_EQ(check_with_tokens(Credentials{"", "", "", "hidden.other"}).answer, Answer::kDenied);
}

TEST_F(PushCheckAuth, AHelpersIdentityTokenIsKnownByItsUser) {
  EXPECT_EQ(check_with_tokens(registry::credentials_from("<token>", "hidden")).answer,
            Answer::kGranted);
  EXPECT_THAT(token_request().body, HasSubstr("refresh_token=hidden"));
}

TEST_F(PushCheckAuth, AnIdentityTokenThatIsRefusedIsDenied) {
  for (const int status : {400, 401}) {
    tokens_ = {status, "", R"({"error":"invalid_grant"})"};
    EXPECT_EQ(check_with_tokens(Credentials{"", "", "hidden"}).answer, Answer::kDenied) << status;
  }
}

TEST_F(PushCheckAuth, ATokenServerThatRefusesIsDenied) {
  for (const int status : {401, 403}) {
    tokens_ = {status};
    auto answer = check_with_tokens(kUser);
    EXPECT_EQ(answer.answer, Answer::kDenied);
    EXPECT_THAT(answer.message, HasSubstr("token server " + tokens_server_->authority() +
                                          " refuses the credentials"));
    answer = check_with_tokens({});
    EXPECT_EQ(answer.answer, Answer::kDenied);
    EXPECT_THAT(answer.message, HasSubstr("issues no token without credentials"));
  }
}

TEST_F(PushCheckAuth, ATokenServerThatIsOutOfOrderIsUnknown) {
  for (const int status : {204, 400, 404, 429, 500, 503}) {
    tokens_ = {status};
    const auto answer = check_with_tokens(kUser);
    EXPECT_EQ(answer.answer, Answer::kUnknown) << status;
    EXPECT_THAT(answer.message, HasSubstr("token server"));
    EXPECT_THAT(answer.message, HasSubstr("HTTP status " + std::to_string(status)));
  }
}

TEST_F(PushCheckAuth, ATokenThatIsNoneIsUnknown) {
  for (const std::string_view body :
       {"", "hello", "{}", "[]", R"({"token":""})", R"({"token":7})", R"({"token":"hidden x"})",
        R"({"token":"hidden\r\nX-Evil: 1"})", R"({"token":"hidden\u0000"})", R"({"token":"ä"})"}) {
    tokens_.body = body;
    const auto answer = check_with_tokens(kUser);
    EXPECT_EQ(answer.answer, Answer::kUnknown) << body;
    EXPECT_THAT(answer.message, HasSubstr("answers with an invalid token: not a JSON object"));
  }
}

TEST_F(PushCheckAuth, ATokenThatIsTooLongIsUnknown) {
  tokens_.body = R"({"token":")" + std::string(limits::kTokenBytes + 1, 'x') + R"("})";
  const auto answer = check_with_tokens(kUser);
  EXPECT_EQ(answer.answer, Answer::kUnknown);
  EXPECT_THAT(answer.message, HasSubstr("an invalid token: it has more than"));
}

TEST_F(PushCheckAuth, SomeAskOnlyWhenTheUploadBegins) {
  Registry registry;
  registry.authorization = kBasic;
  registry.refused = {401, "WWW-Authenticate: Basic realm=\"x\"\r\n"};
  FakeServer server(registry, tls());
  EXPECT_EQ(check(server, kUser).answer, Answer::kGranted);
  EXPECT_THAT(server.lines(),
              ElementsAre("GET /v2/", "POST /v2/org/app/blobs/uploads/",
                          "POST /v2/org/app/blobs/uploads/", testing::StartsWith("DELETE")));
}

TEST_F(PushCheckAuth, OfSeveralChallengesOneIsTaken) {
  for (const std::string_view challenges :
       {"WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=\"a, b\"\r\n",
        "WWW-Authenticate: NTLM, Basic realm=x\r\n", "www-authenticate: basic realm=x\r\n",
        "WWW-Authenticate: Negotiate abc==, Basic realm=x, charset=\"UTF-8\"\r\n"}) {
    Registry registry;
    registry.ping = {401, std::string(challenges)};
    registry.authorization = kBasic;
    FakeServer server(registry, tls());
    EXPECT_EQ(check(server, kUser).answer, Answer::kGranted) << challenges;
  }
}

TEST_F(PushCheckAuth, AChallengeThatNobodyKnowsIsDenied) {
  for (const std::string_view challenge :
       {"", "WWW-Authenticate: Negotiate\r\n", "WWW-Authenticate: \"nonsense\r\n"}) {
    Registry registry;
    registry.ping = {401, std::string(challenge)};
    FakeServer server(registry, tls());
    EXPECT_EQ(check(server, kUser).answer, Answer::kDenied) << challenge;
  }
}

TEST_F(PushCheckAuth, APasswordIsAskedForWhereThereIsOnlyAnIdentityToken) {
  Registry registry;
  registry.ping = {401, "WWW-Authenticate: Basic realm=\"x\"\r\n"};
  FakeServer server(registry, tls());
  const auto answer = check(server, Credentials{"", "", "hidden"});
  EXPECT_EQ(answer.answer, Answer::kDenied);
  EXPECT_THAT(answer.message, HasSubstr("contain only a token"));
}

TEST_F(PushCheckAuth, ATokenServerByPlainHttpGetsNothing) {
  FakeServer tokens([](const Seen&, Peer&) { return false; });
  Registry registry;
  registry.ping = {401, bearer("http://" + tokens.authority() + "/token")};
  FakeServer server(registry, tls());
  const auto answer = check(server, kUser);
  EXPECT_EQ(answer.answer, Answer::kUnknown);
  EXPECT_THAT(answer.message, HasSubstr("token server with a plain HTTP URL"));
  EXPECT_EQ(tokens.connections(), 0);
}

TEST_F(PushCheckAuth, ATokenServerThatIsNotNamedByAGoodUrlGetsNothing) {
  for (const std::string_view realm :
       {"", "token", "/token", "ftp://127.0.0.1/", "https://", "https://user:pass@127.0.0.1/token",
        "https://a b/", "https://exa%0d%0ample/", "https://127.0.0.1:70000/", "javascript:1",
        "https://127.0.0.1:80x/", "https:///token"}) {
    Registry registry;
    registry.ping = {401, bearer(std::string(realm))};
    FakeServer server(registry, tls());
    const auto answer = check(server, kUser);
    EXPECT_EQ(answer.answer, Answer::kUnknown) << realm;
    EXPECT_THAT(answer.message, HasSubstr("names a token server with an invalid URL")) << realm;
  }
}

TEST_F(PushCheckAuth, LineBreaksInARealmStayEncoded) {
  tokens_server_.emplace(
      [](const Seen&, Peer& peer) {
        peer.answer(200, R"({"token":"hidden.token"})");
        return true;
      },
      tls());
  Registry registry;
  registry.authorization = "Bearer hidden.token";
  registry.ping = {401,
                   bearer("https://" + tokens_server_->authority() + "/token?a=%0d%0aX-Evil:%201")};
  FakeServer server(registry, tls());
  EXPECT_EQ(check(server, kUser).answer, Answer::kGranted);
  EXPECT_THAT(token_request().target, HasSubstr("%0d%0aX-Evil:%201"));
  EXPECT_EQ(token_request().header("X-Evil"), "");
}

TEST_F(PushCheckAuth, ATokenServerThatRedirectsElsewhereTakesNoCredentialsThere) {
  FakeServer elsewhere([](const Seen&, Peer&) { return false; }, tls());
  tokens_ = {307, "Location: https://" + elsewhere.authority() + "/token\r\n"};
  const auto answer = check_with_tokens(kUser);
  EXPECT_EQ(answer.answer, Answer::kUnknown);
  EXPECT_THAT(answer.message, HasSubstr("redirects to another host, which is not followed"));
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(PushCheckAuth, NothingIsCancelledAtAnotherHost) {
  FakeServer elsewhere(
      [](const Seen&, Peer& peer) {
        peer.answer(204, "");
        return true;
      },
      tls());
  Registry registry;
  registry.ping = {401, "WWW-Authenticate: Basic realm=\"x\"\r\n"};
  registry.authorization = kBasic;
  registry.begin = {202, "Location: https://" + elsewhere.authority() + "/upload\r\n"};
  FakeServer server(registry, tls());
  EXPECT_EQ(check(server, kUser).answer, Answer::kGranted);
  EXPECT_EQ(elsewhere.connections(), 0);
}

}  // namespace
