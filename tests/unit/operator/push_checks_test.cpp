#include "operator/push_checks.h"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "base/base64.h"
#include "base/limits.h"
#include "unit/operator/fake_push_checker.h"
#include "unit/operator/fixture.h"

namespace test {
namespace {

using api::PushPermission;
using registry::Answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PushChecksTest : public OperatorTest {
 protected:
  void SetUp() override {
    checks = std::make_unique<controller::PushChecks>(
        environment(), checker, [this](const api::ObjectKey& key) { changed.push_back(key); });
    running = &world.start(checks->run());
    world.settle();
  }

  static api::LocalRegistry with_image(const std::string& image = "ghcr.io/org/image") {
    api::LocalRegistry registry = a_registry();
    registry.spec.images = {{"backend", image, {}}};
    return registry;
  }

  void start(const api::LocalRegistry& registry) {
    checks->start(registry, {"backend"});
    world.settle();
  }

  reconcile::PushCheck check_of(const api::LocalRegistry& registry) const {
    const auto list = checks->of(registry);
    return list.empty() ? reconcile::PushCheck() : list.front();
  }

  // The API server has this Secret, or answers with this status.
  void answer_secret(const std::string& name, int status, const std::string& body) {
    cluster.intercept =
        [=](const std::string& request) -> std::optional<base::Result<kube::Response>> {
      if (request != "GET secrets team-a/" + name) return std::nullopt;
      return support::answer(status, body);
    };
  }

  static std::string secret(const std::string& type, const std::string& config) {
    return fmt::format(R"({{"metadata":{{"name":"regcred"}},"type":"{}",)"
                       R"("data":{{".dockerconfigjson":"{}"}}}})",
                       type, base::encode_base64(config));
  }

  // The message of an image that is checked with the Secret regcred.
  std::string message_with_secret() {
    api::LocalRegistry registry = with_image();
    registry.spec.push_secrets = {{"regcred"}};
    start(registry);
    EXPECT_EQ(check_of(registry).permission, PushPermission::kUnknown);
    EXPECT_THAT(checker.asked, IsEmpty());
    return check_of(registry).message;
  }

  FakePushChecker checker{world.executor(), world.clock};
  std::unique_ptr<controller::PushChecks> checks;
  std::vector<api::ObjectKey> changed;
  support::Running* running = nullptr;
};

TEST_F(PushChecksTest, AnAnswerIsRememberedAndTold) {
  const api::LocalRegistry registry = with_image();
  start(registry);
  EXPECT_TRUE(check_of(registry).running);
  EXPECT_EQ(check_of(registry).permission, PushPermission::kNotChecked);
  EXPECT_THAT(changed, IsEmpty());
  checker.say("ghcr.io/org/image", Answer::kDenied, "ghcr.io answered 403");
  world.settle();
  const reconcile::PushCheck check = check_of(registry);
  EXPECT_FALSE(check.running);
  EXPECT_EQ(check.permission, PushPermission::kDenied);
  EXPECT_EQ(check.message, "ghcr.io answered 403");
  EXPECT_EQ(check.next, world.clock.wall() + limits::kPushRecheck);
  EXPECT_THAT(changed, ElementsAre(kDev));
}

TEST_F(PushChecksTest, AnImageIsNotAskedAboutTwiceAtOnce) {
  start(with_image());
  start(with_image());
  EXPECT_EQ(checker.asked.size(), 1U);
}

TEST_F(PushChecksTest, AnUnknownAnswerIsAskedForAgainLaterAndLater) {
  checker.say("ghcr.io/org/image", Answer::kUnknown, "no answer");
  base::Clock::Duration longest{};
  for (int i = 0; i < 20; ++i) {
    start(with_image());
    const auto delay = check_of(with_image()).next - world.clock.wall();
    EXPECT_GE(delay, limits::kPushRetry.first / 10);
    EXPECT_LE(delay, limits::kPushRetry.most);
    longest = std::max<base::Clock::Duration>(longest, delay);
    world.run_for(std::chrono::duration_cast<std::chrono::milliseconds>(delay) +
                  std::chrono::milliseconds(1));
  }
  EXPECT_GT(longest, limits::kPushRetry.first * 4);
}

TEST_F(PushChecksTest, AnAnswerForAnEarlierSpecIsForgotten) {
  api::LocalRegistry registry = with_image();
  start(registry);
  registry.metadata.generation = 2;
  start(registry);
  checker.say("ghcr.io/org/image", Answer::kGranted, "yes");
  world.settle();
  EXPECT_EQ(check_of(registry).permission, PushPermission::kGranted);
  registry.metadata.generation = 1;
  EXPECT_THAT(checks->of(registry), IsEmpty());
  EXPECT_EQ(changed.size(), 1U);
}

TEST_F(PushChecksTest, AnotherResourceOfTheNameKnowsNothingOfTheFirst) {
  api::LocalRegistry registry = with_image();
  checker.say("ghcr.io/org/image", Answer::kGranted, "yes");
  start(registry);
  registry.metadata.uid = "uid-other";
  EXPECT_THAT(checks->of(registry), IsEmpty());
  registry.metadata.uid = "uid-dev";
  checks->forget(kDev);
  EXPECT_THAT(checks->of(registry), IsEmpty());
}

TEST_F(PushChecksTest, OnlySoManyRegistriesAreAskedAtOnce) {
  api::LocalRegistry registry = a_registry();
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) {
    names.push_back("image" + std::to_string(i));
    registry.spec.images.push_back({names.back(), "ghcr.io/org/" + names.back(), {}});
  }
  checks->start(registry, names);
  world.settle();
  EXPECT_EQ(checker.asked.size(), limits::kPushChecks);
  for (const std::string& name : names) checker.say("ghcr.io/org/" + name, Answer::kGranted, "");
  world.settle();
  EXPECT_EQ(checker.asked.size(), 30U);
  EXPECT_EQ(checker.most_running, static_cast<int>(limits::kPushChecks));
}

TEST_F(PushChecksTest, TheCredentialsOfThePushSecretsAreUsed) {
  answer_secret("regcred", 200,
                secret("kubernetes.io/dockerconfigjson",
                       R"({"auths":{"ghcr.io":{"username":"me","password":"word"}}})"));
  api::LocalRegistry registry = with_image();
  registry.spec.push_secrets = {{"regcred"}};
  start(registry);
  EXPECT_THAT(checker.asked, ElementsAre("me@ghcr.io/org/image"));
}

TEST_F(PushChecksTest, ASecretThatCannotBeUsedIsNamedAndNothingOfItIsTold) {
  answer_secret("regcred", 404,
                R"({"kind":"Status","reason":"NotFound","details":{"name":"regcred"},"code":404})");
  EXPECT_EQ(message_with_secret(), "Secret regcred does not exist");
}

TEST_F(PushChecksTest, ASecretThatMayNotBeReadSaysWhatToDo) {
  answer_secret("regcred", 403, R"({"kind":"Status","reason":"Forbidden","code":403})");
  EXPECT_THAT(message_with_secret(), HasSubstr("Secret regcred may not be read by the operator: "));
}

TEST_F(PushChecksTest, ASecretOfAnotherTypeIsRefused) {
  answer_secret("regcred", 200, secret("Opaque", "{}"));
  EXPECT_EQ(message_with_secret(),
            "Secret regcred is of type Opaque, not kubernetes.io/dockerconfigjson");
}

TEST_F(PushChecksTest, ASecretWithBadJsonIsRefusedWithoutItsText) {
  answer_secret("regcred", 200, secret("kubernetes.io/dockerconfigjson", "{\"hunter2\""));
  const std::string message = message_with_secret();
  EXPECT_THAT(message, HasSubstr("Secret regcred is not usable: "));
  EXPECT_THAT(message, testing::Not(HasSubstr("hunter2")));
}

TEST_F(PushChecksTest, WhatRunsIsCancelledWithIt) {
  start(with_image());
  running->cancel();
  world.settle();
  EXPECT_TRUE(running->done());
  EXPECT_THAT(checks->of(with_image()), IsEmpty());
  checks->start(with_image(), {"backend"});
  EXPECT_THAT(checks->of(with_image()), IsEmpty()) << "nobody would ask";
}

}  // namespace
}  // namespace test
