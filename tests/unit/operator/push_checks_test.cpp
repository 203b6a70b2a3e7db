#include "operator/push/push_checks.h"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "base/limits.h"
#include "base/text/base64.h"
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

  // Returns a resource with `count` images, named `prefix` followed by image0, image1, …
  static api::LocalRegistry with_images(const std::string& prefix, int count) {
    api::LocalRegistry registry = a_registry();
    for (int i = 0; i < count; ++i) {
      const std::string name = "image" + std::to_string(i);
      registry.spec.images.push_back({name, prefix + name, {}});
    }
    return registry;
  }

  static std::vector<std::string> names_of(const api::LocalRegistry& registry) {
    std::vector<std::string> names;
    for (const api::ImageSpec& image : registry.spec.images) names.push_back(image.name);
    return names;
  }

  void start(const api::LocalRegistry& registry) {
    checks->start(registry, {"backend"});
    world.settle();
  }

  reconcile::PushCheck check_of(const api::LocalRegistry& registry) const {
    const auto list = checks->of(registry);
    return list.empty() ? reconcile::PushCheck() : list.front();
  }

  // Makes the API server answer the read of this Secret with `status` and `body`.
  void answer_secret(const std::string& name, int status, const std::string& body) {
    cluster.answer("GET secrets team-a/" + name, support::answer(status, body));
  }

  static std::string secret(const std::string& type, const std::string& config) {
    return fmt::format(R"({{"metadata":{{"name":"regcred"}},"type":"{}",)"
                       R"("data":{{".dockerconfigjson":"{}"}}}})",
                       type, base::encode_base64(config));
  }

  // Returns the status message of an image that is checked with the Secret regcred.
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
    EXPECT_LE(delay, limits::kPushRetry.max);
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
  for (int team = 0; team < 5; ++team) {
    api::LocalRegistry registry = with_images("host" + std::to_string(team) + ".test/", 6);
    registry.metadata.namespace_name = "team-" + std::to_string(team);
    checks->start(registry, names_of(registry));
  }
  world.settle();
  EXPECT_EQ(checker.asked.size(), limits::kPushChecks);
  for (int team = 0; team < 5; ++team) {
    for (int i = 0; i < 6; ++i) {
      checker.say(fmt::format("host{}.test/image{}", team, i), Answer::kGranted, "");
    }
  }
  world.settle();
  EXPECT_EQ(checker.asked.size(), 30U);
  EXPECT_EQ(checker.max_running, static_cast<int>(limits::kPushChecks));
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

TEST_F(PushChecksTest, NoStatusSaysWhetherASecretExistsOrOfWhatTypeItIs) {
  const std::string not_found =
      R"({"kind":"Status","reason":"NotFound","details":{"name":"regcred"},"code":404})";
  const std::string forbidden = R"({"kind":"Status","reason":"Forbidden","code":403})";
  const std::vector<std::pair<int, std::string>> answers = {
      {404, not_found},
      {403, forbidden},
      {500, "{}"},
      {200, secret("Opaque", "{}")},
      {200, secret("kubernetes.io/dockerconfigjson", "{\"hunter2\"")},
      {200, R"({"metadata":{"name":"regcred"},"type":"kubernetes.io/dockerconfigjson"})"},
      {200, R"({"metadata":{"name":"regcred"},"type":"kubernetes.io/dockerconfigjson",)"
            R"("data":{".dockerconfigjson":"*"}})"}};
  for (const auto& [status, body] : answers) {
    answer_secret("regcred", status, body);
    EXPECT_EQ(message_with_secret(),
              "Secret regcred cannot be used: it must exist in namespace team-a, be of type "
              "kubernetes.io/dockerconfigjson with valid content, and the operator must be "
              "allowed to read Secrets in namespace team-a")
        << status << body;
    checks->forget(kDev);
  }
}

TEST_F(PushChecksTest, RequestsOfAnEarlierSpecAreDroppedAndTheirChecksCancelled) {
  for (int generation = 1; generation <= 200; ++generation) {
    api::LocalRegistry registry = with_images("slow.test/" + std::to_string(generation) + "/", 64);
    registry.metadata.generation = generation;
    checks->update(registry);
    checks->start(registry, names_of(registry));
    world.settle();
    EXPECT_LE(checks->queue().waiting(), 64U);
    EXPECT_LE(checker.running, static_cast<int>(limits::kPushChecksPerHost));
  }
  for (const std::string& name : std::vector(checker.asked.end() - 4, checker.asked.end())) {
    EXPECT_THAT(name, HasSubstr("slow.test/200/"));
  }
}

TEST_F(PushChecksTest, ACheckThatTheNewSpecStillNeedsKeepsItsPositionInTheQueue) {
  api::LocalRegistry registry = with_images("slow.test/", 20);
  checks->start(registry, names_of(registry));
  world.settle();
  const auto asked = checker.asked;
  for (int generation = 2; generation < 50; ++generation) {
    registry.metadata.generation = generation;
    registry.spec.suspend = generation % 2 == 0;
    checks->update(registry);
    checks->start(registry, names_of(registry));
    world.settle();
  }
  EXPECT_EQ(checker.asked, asked);
  EXPECT_EQ(checks->queue().waiting(), 20U - asked.size());
  for (int i = 0; i < 20; ++i) {
    checker.say("slow.test/image" + std::to_string(i), Answer::kGranted, "yes");
  }
  world.settle();
  EXPECT_EQ(checks->of(registry).size(), 20U);
  for (const auto& check : checks->of(registry)) {
    EXPECT_EQ(check.permission, PushPermission::kGranted) << check.name;
  }
}

TEST_F(PushChecksTest, ARequestIsOutdatedByTheSpecTheSecretsAndTheDeletion) {
  using Change = std::function<void(api::LocalRegistry&)>;
  const std::vector<Change> changes = {
      [](api::LocalRegistry& registry) { registry.spec.images.front().image = "other.test/x"; },
      [](api::LocalRegistry& registry) { registry.spec.images.clear(); },
      [](api::LocalRegistry& registry) { registry.spec.push_secrets = {{"other"}}; },
      [](api::LocalRegistry& registry) { registry.spec.enabled = true; },
      [](api::LocalRegistry& registry) { registry.metadata.uid = "uid-other"; },
      [](api::LocalRegistry& registry) { registry.metadata.deletion_timestamp = base::Time(); }};
  for (const Change& change : changes) {
    api::LocalRegistry registry = with_image();
    start(registry);
    EXPECT_EQ(checker.running, 1);
    registry.metadata.generation = 2;
    change(registry);
    checks->update(registry);
    world.settle();
    EXPECT_EQ(checker.running, 0);
    EXPECT_EQ(checks->queue().running(), 0U);
    EXPECT_THAT(checks->of(registry), IsEmpty());
    checks->forget(kDev);
  }
}

TEST_F(PushChecksTest, AForgottenResourceGivesItsPlacesBack) {
  const api::LocalRegistry registry = with_images("slow.test/", 20);
  checks->start(registry, names_of(registry));
  world.settle();
  checks->forget(kDev);
  world.settle();
  EXPECT_EQ(checker.running, 0);
  EXPECT_EQ(checks->queue().waiting(), 0U);
  EXPECT_EQ(checks->queue().running(), 0U);
}

TEST_F(PushChecksTest, ANamespaceWithASlowRegistryDoesNotHoldUpAnother) {
  const api::LocalRegistry slow = with_images("slow.test/", 64);
  checks->start(slow, names_of(slow));
  world.settle();
  api::LocalRegistry other = with_image();
  other.metadata.namespace_name = "team-b";
  checker.say("ghcr.io/org/image", Answer::kGranted, "yes");
  start(other);
  EXPECT_EQ(check_of(other).permission, PushPermission::kGranted);
}

TEST_F(PushChecksTest, AnImageThatFindsNoRoomInTheQueueIsAskedAboutLater) {
  for (std::size_t i = 0; i * 64 <= limits::kQueuedPushChecksPerNamespace; ++i) {
    api::LocalRegistry registry = with_images("slow.test/", 64);
    registry.metadata.name = "dev" + std::to_string(i);
    checks->start(registry, names_of(registry));
  }
  world.settle();
  EXPECT_LE(checks->queue().waiting(), limits::kQueuedPushChecksPerNamespace);
  api::LocalRegistry late = with_image("slow.test/late");
  late.metadata.name = "late";
  start(late);
  EXPECT_FALSE(check_of(late).running);
  EXPECT_EQ(check_of(late).permission, PushPermission::kNotChecked);
  EXPECT_GT(check_of(late).next, world.clock.wall());
  EXPECT_EQ(check_of(late).message,
            "the push check of this image is delayed, because too many push checks of "
            "namespace team-a are waiting");
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
