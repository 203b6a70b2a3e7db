#include "registry/docker_config.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "base/text/base64.h"

namespace {

using registry::CredentialHelper;
using registry::Credentials;
using registry::DockerConfig;
using testing::HasSubstr;
using testing::Not;

DockerConfig parsed(std::string_view json) {
  auto config = DockerConfig::parse(json);
  EXPECT_TRUE(config) << base::to_string(config.error());
  return config ? std::move(*config) : DockerConfig();
}

base::Error refusal(std::string_view json) {
  const auto config = DockerConfig::parse(json);
  EXPECT_FALSE(config) << json;
  return config ? base::Error{} : config.error();
}

// Returns a config with one entry, for `key`.
DockerConfig with_key(std::string_view key) {
  return parsed(R"({"auths":{")" + std::string(key) +
                R"(":{"username":"user","password":"secret"}}})");
}

const Credentials kUser = {"user", "secret", ""};

TEST(DockerConfig, HasUserAndPasswordInBase64) {
  const auto config = parsed(R"({"auths":{"ghcr.io":{"auth":"dXNlcjpwYTpzcw=="}}})");
  EXPECT_EQ(config.credentials("ghcr.io"), (Credentials{"user", "pa:ss", ""}));
  EXPECT_EQ(config.credentials("registry.example.com"), std::nullopt);
}

TEST(DockerConfig, HasUserAndPasswordInTheClear) {
  EXPECT_EQ(with_key("ghcr.io").credentials("ghcr.io"), kUser);
}

TEST(DockerConfig, TheBase64WinsOverTheClear) {
  const auto config = parsed(
      R"({"auths":{"ghcr.io":{"auth":"dXNlcjpwYXNz","username":"other","password":"other"}}})");
  EXPECT_EQ(config.credentials("ghcr.io"), (Credentials{"user", "pass", ""}));
}

TEST(DockerConfig, HasAnIdentityToken) {
  const auto config =
      parsed(R"({"auths":{"acr.test":{"auth":"MDA6","identitytoken":"long.token"}}})");
  EXPECT_EQ(config.credentials("acr.test"), (Credentials{"00", "", "long.token"}));
  EXPECT_EQ(parsed(R"({"auths":{"a.test":{"registrytoken":"abc"}}})").credentials("a.test"),
            (Credentials{"", "", "", "abc"}));
}

TEST(DockerConfig, TheUserTokenMarksAnIdentityToken) {
  const std::string auth = base::encode_base64("<token>:hidden");
  const auto config = parsed(R"({"auths":{"ghcr.io":{"auth":")" + auth + R"("}}})");
  EXPECT_EQ(config.credentials("ghcr.io"), (Credentials{"", "", "hidden"}));
  EXPECT_EQ(registry::credentials_from("user", "secret"), kUser);
}

TEST(DockerConfig, BaseSixtyFourMayLackItsPaddingAndHaveZerosAtTheEnd) {
  const auto config =
      parsed(R"({"auths":{"a.test":{"auth":"dXNlcjpwYTpzcw"},"b.test":{"auth":")" +
             base::encode_base64(std::string_view("user:pass\0\0", 11)) + R"("}}})");
  EXPECT_EQ(config.credentials("a.test"), (Credentials{"user", "pa:ss", ""}));
  EXPECT_EQ(config.credentials("b.test"), (Credentials{"user", "pass", ""}));
}

TEST(DockerConfig, DockerHubIsFoundByEachOfItsNames) {
  for (const std::string_view key :
       {"https://index.docker.io/v1/", "https://index.docker.io/v1", "index.docker.io/v1/",
        "index.docker.io", "docker.io", "https://docker.io", "registry-1.docker.io",
        "https://registry-1.docker.io/v2/", "registry.hub.docker.com"}) {
    EXPECT_EQ(with_key(key).credentials("docker.io"), kUser) << key;
    EXPECT_EQ(with_key(key).credentials("docker.io", "library/alpine"), kUser) << key;
    EXPECT_EQ(with_key(key).credentials("index.docker.io"), kUser) << key;
  }
}

TEST(DockerConfig, AKeyMayHaveASchemeAndAnApiVersion) {
  for (const std::string_view key :
       {"localhost:5000", "http://localhost:5000", "https://localhost:5000/",
        "https://localhost:5000/v1/", "https://localhost:5000/v2/", "LocalHost:5000"}) {
    EXPECT_EQ(with_key(key).credentials("localhost:5000", "team/app"), kUser) << key;
    EXPECT_EQ(with_key(key).credentials("localhost:5001", "team/app"), std::nullopt) << key;
    EXPECT_EQ(with_key(key).credentials("localhost"), std::nullopt) << key;
  }
}

TEST(DockerConfig, ThePortOfHttpsIsImplied) {
  EXPECT_EQ(with_key("ghcr.io:443").credentials("ghcr.io"), kUser);
  EXPECT_EQ(with_key("ghcr.io").credentials("ghcr.io:443"), kUser);
}

TEST(DockerConfig, TheLongestPartOfARegistryThatFitsIsTaken) {
  const auto config = parsed(R"({"auths":{
      "registry.example.com":{"username":"all","password":"x"},
      "registry.example.com/org":{"username":"org","password":"x"},
      "https://registry.example.com/org/team":{"username":"team","password":"x"}}})");
  EXPECT_EQ(config.credentials("registry.example.com", "org/team/app")->username, "team");
  EXPECT_EQ(config.credentials("registry.example.com", "org/team")->username, "team");
  EXPECT_EQ(config.credentials("registry.example.com", "org/teams")->username, "org");
  EXPECT_EQ(config.credentials("registry.example.com", "organisation/app")->username, "all");
  EXPECT_EQ(config.credentials("registry.example.com")->username, "all");
}

TEST(DockerConfig, WithoutAPathAnEntryForAPartOfTheHostIsBetterThanNone) {
  EXPECT_EQ(with_key("registry.example.com/org").credentials("registry.example.com"), kUser);
  EXPECT_EQ(with_key("registry.example.com/org").credentials("registry.example.com", "other/app"),
            std::nullopt);
}

TEST(DockerConfig, AStarStandsForOneLabel) {
  const auto config = parsed(R"({"auths":{
      "*.example.com":{"username":"any","password":"x"},
      "eu.example.com":{"username":"eu","password":"x"}}})");
  EXPECT_EQ(config.credentials("us.example.com")->username, "any");
  EXPECT_EQ(config.credentials("eu.example.com")->username, "eu");
  EXPECT_EQ(config.credentials("example.com"), std::nullopt);
  EXPECT_EQ(config.credentials("a.us.example.com"), std::nullopt);
  EXPECT_EQ(config.credentials("us.example.com:5000"), std::nullopt);
}

TEST(DockerConfig, AnEntryWithoutSecretsIsNone) {
  const auto config = parsed(R"({"auths":{"ghcr.io":{},"registry.example.com":{"auth":""}}})");
  EXPECT_EQ(config.credentials("ghcr.io"), std::nullopt);
  EXPECT_EQ(config.credentials("registry.example.com"), std::nullopt);
}

TEST(DockerConfig, AConfigMayBeEmpty) {
  for (const std::string_view text : {"{}", R"({"auths":{}})", R"({"auths":null})"}) {
    EXPECT_EQ(parsed(text).credentials("docker.io"), std::nullopt) << text;
    EXPECT_EQ(parsed(text).helper("docker.io"), std::nullopt) << text;
  }
}

TEST(DockerConfig, WhatIsNotAboutCredentialsIsIgnored) {
  const auto config = parsed(R"({"HttpHeaders":{"User-Agent":"x"},"psFormat":1,
      "auths":{"ghcr.io":{"email":"a@b.test","username":"user","password":"secret"}}})");
  EXPECT_EQ(config.credentials("ghcr.io"), kUser);
}

TEST(DockerConfig, AHelperOfARegistryWinsOverTheStore) {
  const auto config = parsed(
      R"({"credsStore":"desktop","credHelpers":{"gcr.io":"gcloud","localhost:5000":"pass"}})");
  EXPECT_EQ(config.helper("gcr.io"), (CredentialHelper{"gcloud", "gcr.io"}));
  EXPECT_EQ(config.helper("localhost:5000"), (CredentialHelper{"pass", "localhost:5000"}));
  EXPECT_EQ(config.helper("registry.example.com"),
            (CredentialHelper{"desktop", "registry.example.com"}));
}

TEST(DockerConfig, AHelperIsAskedForDockerHubByItsOldName) {
  const CredentialHelper hub = {"pass", "https://index.docker.io/v1/"};
  EXPECT_EQ(parsed(R"({"credsStore":"pass"})").helper("docker.io"), hub);
  for (const std::string_view key : {"docker.io", "index.docker.io", "https://index.docker.io/v1/"})
    EXPECT_EQ(
        parsed(R"({"credHelpers":{")" + std::string(key) + R"(":"pass"}})").helper("docker.io"),
        hub)
        << key;
}

TEST(DockerConfig, AHelperIsAProgramsNameAndNothingElse) {
  for (const std::string_view text :
       {R"({"credsStore":"../evil"})", R"({"credsStore":"a b"})", R"({"credsStore":"a;b"})",
        R"({"credHelpers":{"gcr.io":"/bin/sh"}})"}) {
    EXPECT_EQ(refusal(text).code, base::ErrorCode::kInvalid) << text;
  }
}

TEST(DockerConfig, WhatIsNotJsonIsRefusedWithoutQuotingIt) {
  for (const std::string_view text :
       {"", "hunter2", R"({"auths":{"ghcr.io":{"auth":"hunter2)", R"({"auths":hunter2})",
        R"(["hunter2"])", R"("hunter2")", "42"}) {
    const auto error = refusal(text);
    EXPECT_EQ(error.code, base::ErrorCode::kInvalid) << text;
    EXPECT_THAT(error.message, Not(HasSubstr("hunter2")));
    EXPECT_FALSE(error.message.empty());
  }
}

TEST(DockerConfig, AWrongTypeIsReportedByItsPlaceWithoutItsKey) {
  const auto error = refusal(R"({"auths":{"hunter2]":{"auth":7}}})");
  EXPECT_EQ(error.code, base::ErrorCode::kInvalid);
  EXPECT_EQ(error.message, "auths[…].auth: expected a string, found an integer");
  EXPECT_TRUE(error.causes.empty());
  EXPECT_THAT(refusal(R"({"auths":[]})").message, HasSubstr("auths: expected an object"));
  EXPECT_THAT(refusal(R"({"auths":{"hunter2":"x"}})").message, Not(HasSubstr("hunter2")));
}

TEST(DockerConfig, AnAuthThatCannotBeDecodedIsRefusedWithoutQuotingIt) {
  for (const std::string_view auth : {"hunter2!", "=hunter2", "aHVudGVyMg=="}) {
    const auto error = refusal(R"({"auths":{"ghcr.io":{"auth":")" + std::string(auth) + R"("}}})");
    EXPECT_EQ(error.code, base::ErrorCode::kInvalid) << auth;
    EXPECT_THAT(error.message, HasSubstr("auths[…].auth is not"));
    EXPECT_THAT(error.message, Not(HasSubstr("hunter2")));
  }
}

TEST(DockerConfig, TooMuchIsRefused) {
  const std::string large =
      R"({"auths":{},"x":")" + std::string(limits::kDockerConfigBytes, 'x') + R"("})";
  EXPECT_EQ(refusal(large).code, base::ErrorCode::kTooLarge);
  EXPECT_EQ(refusal(std::string(1000, '[')).code, base::ErrorCode::kInvalid);
}

}  // namespace
