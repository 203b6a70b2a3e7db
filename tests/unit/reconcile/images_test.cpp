#include "reconcile/status/images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using api::Delivery;
using api::PushPermission;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

// Images has a resource with one image, "app", its status and the answer of its push check.
class Images : public testing::Test {
 protected:
  Images() {
    registry.spec.images = {{"app", "ghcr.io/org/app", {}}};
    registry.status.observed_generation = registry.metadata.generation;
  }

  reconcile::Observed observed() const {
    reconcile::Observed observed;
    observed.registry = std::make_shared<const api::LocalRegistry>(registry);
    observed.kind_cluster = kind_cluster;
    observed.push_checks = checks;
    observed.now = now;
    return observed;
  }

  void remember(Delivery delivery, PushPermission permission) {
    registry.status.images = {{"app", "ghcr.io/org/app", permission, delivery, "", "as it was"}};
  }
  void answer(PushPermission permission, std::string message = "its registry says so") {
    checks = {{"app", permission, std::move(message), false, now}};
  }
  void ask() { checks = {{"app", PushPermission::kNotChecked, "", true, now}}; }

  api::ImageStatus decided() const { return reconcile::decide_images(observed())[0].status; }
  std::optional<Delivery> delivery() const { return decided().delivery; }
  std::vector<std::string> due() const { return reconcile::images_to_check(observed()); }

  api::LocalRegistry registry = a_registry();
  std::vector<reconcile::PushCheck> checks;
  bool kind_cluster = false;
  base::Time now = at("2026-01-01T00:00:00Z");
};

TEST_F(Images, NothingIsDecidedOfAnImageThatNobodyWasAskedAbout) {
  EXPECT_EQ(delivery(), std::nullopt);
  EXPECT_EQ(decided().push_permission, PushPermission::kNotChecked);
  EXPECT_THAT(due(), ElementsAre("app"));
}

TEST_F(Images, WhatTheStatusRemembersOfThisSpecIsAnAnswer) {
  remember(Delivery::kLocalRegistry, PushPermission::kDenied);
  EXPECT_EQ(delivery(), Delivery::kLocalRegistry);
  EXPECT_EQ(decided().message, "as it was");
  ask();
  EXPECT_EQ(decided().push_permission, PushPermission::kDenied) << "until there is a newer one";
  EXPECT_EQ(decided().message, "as it was");
}

TEST_F(Images, WhatWasDecidedForAnEarlierSpecHoldsWhileItIsAskedAbout) {
  remember(Delivery::kUpstream, PushPermission::kGranted);
  ++registry.metadata.generation;
  ask();
  EXPECT_EQ(delivery(), Delivery::kUpstream);
  EXPECT_EQ(decided().push_permission, PushPermission::kNotChecked);
  remember(Delivery::kKindLoad, PushPermission::kNotChecked);
  EXPECT_EQ(delivery(), std::nullopt) << "the cluster was KinD's then";
}

TEST_F(Images, AnotherImageOfThatNameIsAnother) {
  remember(Delivery::kLocalRegistry, PushPermission::kDenied);
  registry.status.images[0].image = "ghcr.io/org/other";
  EXPECT_EQ(delivery(), std::nullopt);
  EXPECT_EQ(decided().push_permission, PushPermission::kNotChecked);
}

TEST_F(Images, TheSameImageUnderAnotherNameIsAnother) {
  remember(Delivery::kLocalRegistry, PushPermission::kDenied);
  registry.status.images[0].name = "other";
  EXPECT_EQ(delivery(), std::nullopt);
}

TEST_F(Images, AGrantedImageStaysWhereThisSpecHasPutIt) {
  answer(PushPermission::kGranted);
  EXPECT_EQ(delivery(), Delivery::kUpstream) << "it is new";
  remember(Delivery::kLocalRegistry, PushPermission::kDenied);
  EXPECT_EQ(delivery(), Delivery::kLocalRegistry);
  remember(Delivery::kLocalRegistry, PushPermission::kNotChecked);
  EXPECT_EQ(delivery(), Delivery::kUpstream) << "that was an earlier spec's decision";
  remember(Delivery::kLocalRegistry, PushPermission::kDenied);
  ++registry.metadata.generation;
  EXPECT_EQ(delivery(), Delivery::kUpstream);
}

TEST_F(Images, AnImageIsAskedAboutAgainWhenItIsTime) {
  answer(PushPermission::kDenied);
  EXPECT_THAT(due(), ElementsAre("app"));
  checks[0].next = now + 1s;
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(reconcile::next_push_check(observed()), std::optional(now + 1s));
  checks[0].running = true;
  checks[0].next = now;
  EXPECT_THAT(due(), IsEmpty()) << "it is being asked about";
  EXPECT_EQ(reconcile::next_push_check(observed()), std::nullopt);
  answer(PushPermission::kGranted);
  EXPECT_THAT(due(), IsEmpty()) << "that does not change";
  EXPECT_EQ(reconcile::next_push_check(observed()), std::nullopt);
}

TEST_F(Images, NobodyIsAskedWhenTheSpecDecides) {
  answer(PushPermission::kDenied);
  registry.spec.enabled = true;
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(reconcile::next_push_check(observed()), std::nullopt);
  EXPECT_EQ(delivery(), Delivery::kLocalRegistry);
}

TEST_F(Images, ALongMessageIsCutWhereACharacterBegins) {
  for (int shift = 0; shift < 3; ++shift) {
    std::string message(static_cast<std::size_t>(shift), 'x');
    while (message.size() < 2 * limits::kImageMessageBytes) message += "…";
    answer(PushPermission::kDenied, message);
    const std::string cut = decided().message;
    EXPECT_LE(cut.size(), limits::kImageMessageBytes);
    EXPECT_GT(cut.size(), limits::kImageMessageBytes - 3);
    EXPECT_EQ(cut.substr(cut.size() - 3), "…");
  }
}

TEST_F(Images, AMessageThatIsNotUtf8IsShownAsQuestionMarks) {
  answer(PushPermission::kDenied, std::string(2 * limits::kImageMessageBytes, '\x80'));
  EXPECT_EQ(decided().message, std::string(limits::kImageMessageBytes - 3, '?') + "…");
}

TEST_F(Images, AShortMessageIsNotCut) {
  const std::string message(limits::kImageMessageBytes, 'x');
  answer(PushPermission::kDenied, message);
  EXPECT_EQ(decided().message, message);
}

}  // namespace
}  // namespace test
