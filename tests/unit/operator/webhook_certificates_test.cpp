#include "operator/webhook/webhook_certificates.h"

#include <gmock/gmock.h>

#include "base/text/base64.h"
#include "crypto/certificate.h"
#include "sim/answers.h"
#include "unit/operator/fixture.h"

namespace {

using namespace std::chrono_literals;
using controller::WebhookCertificates;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const api::ObjectKey kSecret = {"system", "webhook"};
const api::ObjectKey kConfiguration = {"", "hooks"};
const std::vector<std::string> kHosts = {"webhook.system.svc"};
constexpr auto kValidity = 10h;

// Replica is one replica of the operator, with the certificates that it serves.
struct Replica final : controller::CertificateObserver {
  explicit Replica(const kube::Environment& environment)
      : certificates(
            environment,
            {kSecret, kConfiguration.name, crypto::policy_for(kValidity, "webhook", kHosts)},
            [this](const std::string& certificate, const std::string& key) {
              return serve(certificate, key);
            },
            *this) {}

  void set_webhook_certificate_expiry(std::chrono::seconds since_epoch) override {
    expiry = since_epoch;
  }

  base::Result<void> serve(const std::string& certificate, const std::string& key) {
    if (!crypto::has_key(certificate, key)) {
      return base::Error{base::ErrorCode::kInvalid, "not its key"};
    }
    served.push_back(certificate);
    return {};
  }

  std::vector<std::string> served;
  std::chrono::seconds expiry{};
  WebhookCertificates certificates;
};

class WebhookCertificatesTest : public test::OperatorTest {
 protected:
  void put_configuration() {
    api::MutatingWebhookConfiguration configuration;
    configuration.metadata.name = kConfiguration.name;
    configuration.webhooks = {{"rewrite.localregistry.dev", {}}};
    cluster.put(configuration);
  }

  Replica& replica() {
    replicas.push_back(std::make_unique<Replica>(environment()));
    world.start(replicas.back()->certificates.run());
    settle();
    return *replicas.back();
  }

  Replica& leader() {
    Replica& made = replica();
    world.start(made.certificates.lead());
    settle();
    return made;
  }

  // Renews the certificates as another leader does.
  void renew_elsewhere() {
    const crypto::RotationPolicy policy = crypto::policy_for(kValidity, "webhook", kHosts);
    const crypto::StoredCertificates made =
        crypto::perform_step(crypto::RotationStep::kReplaceAll, {}, policy, world.clock.wall())
            .value();
    api::Secret secret = *cluster.find<api::Secret>(kSecret);
    secret.data = {{"ca.crt", base::encode_base64(made.authorities)},
                   {"ca.key", base::encode_base64(made.authority_key)},
                   {"tls.crt", base::encode_base64(made.certificate)},
                   {"tls.key", base::encode_base64(made.key)}};
    cluster.put(std::move(secret));
    api::MutatingWebhookConfiguration configuration =
        *cluster.find<api::MutatingWebhookConfiguration>(kConfiguration);
    configuration.webhooks.at(0).client_config.ca_bundle = base::encode_base64(made.authorities);
    cluster.put(std::move(configuration));
  }

  void pass(base::Clock::Duration duration) {
    world.run_for(duration);
    settle();
  }

  std::string stored(const std::string& key) {
    const api::Secret* secret = cluster.find<api::Secret>(kSecret);
    if (secret == nullptr) return "";
    return base::decode_base64(api::lookup(secret->data, key)).value_or("");
  }

  std::string trusted() {
    return base::decode_base64(cluster.find<api::MutatingWebhookConfiguration>(kConfiguration)
                                   ->webhooks.at(0)
                                   .client_config.ca_bundle)
        .value();
  }

  std::vector<std::unique_ptr<Replica>> replicas;
};

TEST_F(WebhookCertificatesTest, TheLeaderMakesThemAndHasThemTrusted) {
  put_configuration();
  Replica& one = leader();
  ASSERT_THAT(one.served, SizeIs(1));
  EXPECT_EQ(one.served.back(), stored("tls.crt"));
  EXPECT_EQ(trusted(), stored("ca.crt"));
  EXPECT_TRUE(crypto::is_signed_by(stored("tls.crt"), trusted()));
  EXPECT_EQ(one.certificates.waiting_for(), "");
  EXPECT_THAT(cluster.writes(), ElementsAre("POST secrets system/", HasSubstr("PATCH mutating")));
  EXPECT_EQ(one.expiry, 1800036000s);
}

TEST_F(WebhookCertificatesTest, AnEmptySecretThatIsThereIsFilled) {
  put_configuration();
  api::Secret secret;
  secret.metadata.namespace_name = kSecret.namespace_name;
  secret.metadata.name = kSecret.name;
  secret.data = {{"other", "b3RoZXI="}};
  cluster.put(secret);
  EXPECT_THAT(leader().served, SizeIs(1));
  EXPECT_EQ(stored("other"), "other");
}

TEST_F(WebhookCertificatesTest, WhoDoesNotLeadServesAndWritesNothing) {
  put_configuration();
  Replica& other = replica();
  EXPECT_THAT(cluster.writes(), IsEmpty());
  EXPECT_EQ(other.certificates.waiting_for(), "") << "it would keep an upgrade from going on";
  Replica& one = leader();
  EXPECT_EQ(other.served, one.served);
}

TEST_F(WebhookCertificatesTest, ConvergedNothingIsWritten) {
  put_configuration();
  leader();
  const std::size_t writes = cluster.writes().size();
  pass(kValidity / 2);
  EXPECT_EQ(cluster.writes().size(), writes);
}

TEST_F(WebhookCertificatesTest, AConfigurationThatComesLaterIsReportedThen) {
  Replica& one = leader();
  EXPECT_EQ(one.certificates.waiting_for(), "");
  EXPECT_THAT(cluster.writes(), IsEmpty());
  put_configuration();
  settle();
  EXPECT_EQ(trusted(), stored("ca.crt"));
}

TEST_F(WebhookCertificatesTest, ASecretThatItMadeIsOwnedByTheConfiguration) {
  put_configuration();
  leader();
  const auto owners = cluster.find<api::Secret>(kSecret)->metadata.owner_references;
  ASSERT_THAT(owners, SizeIs(1));
  EXPECT_EQ(owners.front().kind, "MutatingWebhookConfiguration");
  EXPECT_EQ(owners.front().name, kConfiguration.name);
  EXPECT_EQ(owners.front().uid,
            cluster.find<api::MutatingWebhookConfiguration>(kConfiguration)->metadata.uid);
}

TEST_F(WebhookCertificatesTest, WhenTheWebhookIsRemovedNoSecretIsLeftBehind) {
  put_configuration();
  leader();
  cluster.erase<api::MutatingWebhookConfiguration>(kConfiguration);
  cluster.erase<api::Secret>(kSecret);
  settle();
  EXPECT_EQ(cluster.find<api::Secret>(kSecret), nullptr);
}

TEST_F(WebhookCertificatesTest, ACaBundleThatWasChangedIsPutBack) {
  put_configuration();
  leader();
  put_configuration();
  settle();
  EXPECT_EQ(trusted(), stored("ca.crt"));
}

TEST_F(WebhookCertificatesTest, ASecretThatWasDeletedIsRecreatedAndTheOldServedUntilThen) {
  put_configuration();
  Replica& one = leader();
  const std::string first = one.served.back();
  cluster.erase<api::Secret>(kSecret);
  settle();
  EXPECT_THAT(one.served, SizeIs(2));
  EXPECT_NE(one.served.back(), first);
  EXPECT_EQ(trusted(), stored("ca.crt"));
}

TEST_F(WebhookCertificatesTest, ASecretThatWasSpoiltIsMendedAndWhatItHoldsNotServed) {
  put_configuration();
  Replica& one = leader();
  api::Secret spoilt = *cluster.find<api::Secret>(kSecret);
  spoilt.data["tls.crt"] = base::encode_base64("nonsense");
  cluster.put(spoilt);
  settle();
  EXPECT_THAT(one.served, SizeIs(2));
  EXPECT_EQ(one.served.back(), stored("tls.crt"));
  EXPECT_TRUE(crypto::is_signed_by(stored("tls.crt"), trusted()));
}

TEST_F(WebhookCertificatesTest, WhatIsServedIsTrustedWhileAuthoritiesComeAndGo) {
  put_configuration();
  Replica& one = leader();
  Replica& other = replica();
  std::set<std::string> authorities;
  for (base::Clock::Duration passed = 0s; passed < kValidity * 7; passed += 10min) {
    pass(10min);
    ASSERT_EQ(one.served.back(), other.served.back());
    bool is_trusted = false;
    for (const std::string& authority : crypto::split_certificates(trusted())) {
      authorities.insert(authority);
      is_trusted = is_trusted || crypto::is_signed_by(other.served.back(), authority);
    }
    ASSERT_TRUE(is_trusted);
    ASSERT_LT(world.clock.wall(), crypto::read_certificate(other.served.back())->until);
  }
  EXPECT_GE(authorities.size(), 3U);
  EXPECT_GE(other.served.size(), 9U);
}

TEST_F(WebhookCertificatesTest, OfTwoWhoTakeThemselvesForTheLeaderOneWins) {
  put_configuration();
  Replica& one = replica();
  Replica& two = replica();
  world.start(one.certificates.lead());
  world.start(two.certificates.lead());
  pass(1min);
  EXPECT_EQ(one.served.back(), two.served.back());
  EXPECT_EQ(one.served.back(), stored("tls.crt"));
  EXPECT_EQ(trusted(), stored("ca.crt"));
  const std::string first = one.served.back();
  pass(kValidity - 3h);  // the watches deliver the change afterwards
  for (int i = 0; i < 5; ++i) pass(1min);
  EXPECT_NE(one.served.back(), first);
  EXPECT_EQ(one.served.back(), two.served.back());
  EXPECT_EQ(one.served.back(), stored("tls.crt"));
}

// Another leader made new certificates meanwhile, and they are trusted.
TEST_F(WebhookCertificatesTest, ALeaderWhoseWatchIsBehindDoesNotBringBackWhatWasTrustedBefore) {
  put_configuration();
  Replica& one = replica();
  support::Running& first = world.start(one.certificates.lead());
  settle();
  const std::string before = stored("ca.crt");
  first.cancel();
  settle();
  cluster.late = "secrets";
  renew_elsewhere();
  settle();
  ASSERT_NE(trusted(), before);
  const std::size_t writes = cluster.writes().size();
  world.start(one.certificates.lead());
  for (int i = 0; i < 5; ++i) pass(1min);
  EXPECT_EQ(trusted(), stored("ca.crt"));
  EXPECT_EQ(cluster.writes().size(), writes) << cluster.writes().back();
  EXPECT_EQ(one.served.back(), stored("tls.crt")) << "it has read it";
  cluster.late.clear();
  pass(1min);
  EXPECT_EQ(trusted(), stored("ca.crt"));
}

TEST_F(WebhookCertificatesTest, AConfigurationThatIsChangedInBetweenIsReadAgain) {
  put_configuration();
  int changes = 0;
  cluster.intercept = [&](const std::string& request) -> test::Cluster::Answer {
    if (request.rfind("PATCH mutating", 0) != 0 || changes++ > 0) return std::nullopt;
    api::MutatingWebhookConfiguration changed =
        *cluster.find<api::MutatingWebhookConfiguration>(kConfiguration);
    changed.webhooks.push_back({"second.localregistry.dev", {}});
    cluster.put(std::move(changed));
    return std::nullopt;
  };
  leader();
  pass(5s);
  EXPECT_EQ(changes, 2);
  const auto& webhooks = cluster.find<api::MutatingWebhookConfiguration>(kConfiguration)->webhooks;
  ASSERT_THAT(webhooks, SizeIs(2));
  EXPECT_EQ(webhooks[1].client_config.ca_bundle, base::encode_base64(stored("ca.crt")));
  EXPECT_EQ(trusted(), stored("ca.crt"));
}

TEST_F(WebhookCertificatesTest, OfASecretThatIsGoneNothingIsTrustedWhenTheWatchIsBehind) {
  put_configuration();
  Replica& one = leader();
  cluster.late = "secrets";
  cluster.erase<api::Secret>(kSecret);
  put_configuration();
  pass(5s);
  EXPECT_EQ(trusted(), "");
  cluster.late.clear();
  settle();
  pass(5s);
  EXPECT_EQ(trusted(), stored("ca.crt"));
  EXPECT_EQ(one.served.back(), stored("tls.crt"));
  EXPECT_EQ(one.certificates.waiting_for(), "");
}

TEST_F(WebhookCertificatesTest, WithoutRightsItSaysSoAndGoesOnWhenTheyCome) {
  put_configuration();
  bool allowed = false;
  cluster.intercept = [&](const std::string& request) -> test::Cluster::Answer {
    if (allowed || request.rfind("GET", 0) == 0) return std::nullopt;
    return sim::failure(403, "Forbidden", "it may not");
  };
  Replica& one = leader();
  pass(5min);
  EXPECT_THAT(one.certificates.waiting_for(), HasSubstr("it may not"));
  EXPECT_THAT(one.served, IsEmpty());
  EXPECT_LT(cluster.writes().size(), 60U);
  allowed = true;
  pass(1min);
  EXPECT_EQ(one.certificates.waiting_for(), "");
  EXPECT_THAT(one.served, SizeIs(1));
}

TEST_F(WebhookCertificatesTest, ACertificateThatCannotBeUsedIsReported) {
  api::Secret secret;
  secret.metadata.namespace_name = kSecret.namespace_name;
  secret.metadata.name = kSecret.name;
  secret.data = {{"tls.crt", base::encode_base64("nonsense")}};
  cluster.put(secret);
  Replica& one = replica();
  EXPECT_EQ(one.certificates.waiting_for(), "webhook: Secret system/webhook: not its key");
}

TEST_F(WebhookCertificatesTest, ANewLeaderTakesOverWhatTheOldOneBegan) {
  put_configuration();
  Replica& one = replica();
  support::Running& first = world.start(one.certificates.lead());
  pass(kValidity * 3 - 1min);
  first.cancel();
  settle();
  leader();
  pass(kValidity);
  EXPECT_EQ(trusted(), stored("ca.crt"));
  EXPECT_EQ(one.served.back(), stored("tls.crt"));
  EXPECT_THAT(crypto::split_certificates(trusted()), SizeIs(1));
}

}  // namespace
