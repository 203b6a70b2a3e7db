#include "reconcile/checks/decision.h"

#include <gtest/gtest.h>

#include "unit/reconcile/world.h"

namespace test {
namespace {

using api::Delivery;

struct Row {
  std::optional<bool> enabled;
  bool kind_cluster;
  Delivery delivery;
};

TEST(Decision, TheTableOfTheProductHolds) {
  const Row table[] = {
      {false, false, Delivery::kUpstream},     {false, true, Delivery::kUpstream},
      {true, false, Delivery::kLocalRegistry}, {true, true, Delivery::kLocalRegistry},
      {{}, true, Delivery::kKindLoad},         {{}, false, Delivery::kLocalRegistry},
  };
  for (const Row& row : table) {
    World world(a_registry());
    api::LocalRegistrySpec spec;
    spec.enabled = row.enabled;
    world.change_spec(spec);
    world.kind_cluster = row.kind_cluster;
    const bool deployed = row.delivery == Delivery::kLocalRegistry;
    EXPECT_EQ(reconcile::decide_delivery(world.observe()), row.delivery);
    EXPECT_EQ(reconcile::is_deployed(world.observe()), deployed);
    EXPECT_EQ(reconcile::wants_registry(*world.registry, row.kind_cluster), deployed);
  }
}

World world_of_level(const std::string& level) {
  World world(a_registry());
  world.namespaces["team-a"].metadata.labels = {{"pod-security.kubernetes.io/enforce", level}};
  return world;
}

TEST(Decision, TheLabelOfTheNamespaceDecidesAboutBuildKit) {
  EXPECT_FALSE(reconcile::gets_buildkit(world_of_level("restricted").observe()));
  EXPECT_FALSE(reconcile::gets_buildkit(world_of_level("baseline").observe()));
  EXPECT_TRUE(reconcile::gets_buildkit(world_of_level("privileged").observe()));
  EXPECT_TRUE(reconcile::gets_buildkit(World(a_registry()).observe()));
}

TEST(Decision, LocalBuildNeedsNoBuildKitAnywhere) {
  World world = world_of_level("privileged");
  api::LocalRegistrySpec spec;
  spec.localbuild = true;
  world.change_spec(spec);
  EXPECT_FALSE(reconcile::gets_buildkit(world.observe()));
  EXPECT_FALSE(reconcile::buildkit_is_forbidden(world.observe()));
}

TEST(Decision, ARefusalByTheClustersDefaultIsBelievedUntilTheBuildKitImageChanges) {
  World world(a_registry());
  world.pods_are_restricted = true;
  world.converge();
  EXPECT_EQ(condition(world.registry->status, "BuildKitReady"), "False PodSecurityDefault");
  EXPECT_FALSE(reconcile::gets_buildkit(world.observe()));
  api::LocalRegistrySpec spec;
  spec.image = "registry:3";
  world.change_spec(spec);
  EXPECT_FALSE(reconcile::gets_buildkit(world.observe()));
  spec.buildkit_image = "buildkit:1";
  world.change_spec(spec);
  EXPECT_TRUE(reconcile::gets_buildkit(world.observe()));
}

TEST(Decision, AFailureOfPodsThatIsOverSaysNothing) {
  World world(a_registry());
  world.converge();
  auto& conditions = world.find<api::Deployment>()->status.conditions;
  conditions = {{"ReplicaFailure", "True", "FailedCreate", "violates PodSecurity", 0, {}}};
  EXPECT_FALSE(reconcile::gets_buildkit(world.observe()));
  conditions.front().status = "False";
  EXPECT_TRUE(reconcile::gets_buildkit(world.observe()));
}

TEST(Decision, WithImagesTheStatusKnowsWhetherARegistryIsWanted) {
  api::LocalRegistry registry = a_registry();
  registry.spec.images = {{"app", "ghcr.io/org/app", {}}};
  EXPECT_FALSE(reconcile::wants_registry(registry, false)) << "nothing is decided yet";
  registry.status.delivery = Delivery::kUpstream;
  EXPECT_FALSE(reconcile::wants_registry(registry, false));
  registry.spec.enabled = true;
  EXPECT_TRUE(reconcile::wants_registry(registry, false)) << "the spec says so";
  registry.spec.enabled.reset();
  registry.status.delivery = Delivery::kLocalRegistry;
  EXPECT_TRUE(reconcile::wants_registry(registry, false));
  EXPECT_FALSE(reconcile::wants_registry(registry, true)) << "on a KinD cluster";
}

TEST(Decision, ARefusedImageIsNotWaitedFor) {
  World world(a_registry());
  api::LocalRegistrySpec spec;
  spec.images = {{"app", "Not An Image", {}}};
  world.change_spec(spec);
  EXPECT_EQ(reconcile::decide_delivery(world.observe()), Delivery::kUpstream);
}

TEST(Decision, ThePrivilegedLabelOverrulesAnEarlierRefusal) {
  World world(a_registry());
  world.pods_are_restricted = true;
  world.converge();
  world.namespaces["team-a"].metadata.labels = {
      {"pod-security.kubernetes.io/enforce", "privileged"}};
  EXPECT_TRUE(reconcile::gets_buildkit(world.observe()));
}

}  // namespace
}  // namespace test
