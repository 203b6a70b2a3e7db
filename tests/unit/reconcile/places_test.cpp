#include "reconcile/checks/places.h"

#include <gmock/gmock.h>

#include "unit/reconcile/world.h"

namespace test {
namespace {

using reconcile::may_have_children_in;
using testing::ElementsAre;
using testing::IsEmpty;

api::LocalRegistry in_shared() {
  api::LocalRegistry registry = a_registry();
  registry.spec.namespace_name = "shared";
  return registry;
}

TEST(Places, ChildrenAreInTheOwnTheTargetAndTheRecordedNamespaces) {
  api::LocalRegistry registry = in_shared();
  registry.status.other_namespaces = {"before"};
  EXPECT_TRUE(may_have_children_in(registry, "team-a"));
  EXPECT_TRUE(may_have_children_in(registry, "shared"));
  EXPECT_TRUE(may_have_children_in(registry, "before"));
  EXPECT_FALSE(may_have_children_in(registry, "team-c"));
}

TEST(Places, WhatAGoneResourceLeftElsewhereIsInANamespaceThatAllowedIt) {
  api::Namespace found = a_namespace("shared");
  api::ObjectMeta left;
  left.namespace_name = "shared";
  left.annotations = {{"localregistry.dev/owner", "team-a/dev"}};
  left.labels = {{"localregistry.dev/owner-uid", "uid-dev"}};
  EXPECT_FALSE(reconcile::may_be_orphan_of_deleted_owner(left, &found));
  EXPECT_FALSE(reconcile::may_be_orphan_of_deleted_owner(left, nullptr));
  found.metadata.annotations = {{"localregistry.dev/allow-from", "team-a"}};
  EXPECT_TRUE(reconcile::may_be_orphan_of_deleted_owner(left, &found));
  left.labels.clear();
  EXPECT_FALSE(reconcile::may_be_orphan_of_deleted_owner(left, &found)) << "it never had an owner";
  left.namespace_name = "team-a";
  EXPECT_TRUE(reconcile::may_be_orphan_of_deleted_owner(left, nullptr));
}

TEST(Places, AnEarlierOperatorsRegistryIsWhereItsStatusSaysThatItRan) {
  api::LocalRegistry registry = in_shared();
  EXPECT_THAT(reconcile::other_namespaces(registry), IsEmpty());
  registry.status.observed_generation = registry.metadata.generation;
  registry.status.workload = "Deployment/registry";
  registry.status.conditions = {{"Accepted", "True", "Accepted", "", 1, {}}};
  EXPECT_THAT(reconcile::other_namespaces(registry), ElementsAre("shared"));
  ++registry.metadata.generation;
  EXPECT_THAT(reconcile::other_namespaces(registry), IsEmpty()) << "that was another spec";
}

class RecordedPlaces : public testing::Test {
 protected:
  RecordedPlaces() {
    world.namespaces["team-a"] = a_namespace("team-a");
    shared().metadata.annotations = {{"localregistry.dev/allow-from", "team-a"}};
  }

  api::Namespace& shared() { return world.namespaces["shared"]; }

  void move(const std::string& where) {
    api::LocalRegistrySpec spec = world.registry->spec;
    spec.namespace_name = where;
    world.change_spec(spec);
  }

  World world{in_shared()};
};

TEST_F(RecordedPlaces, TheTargetIsRecordedBeforeAnythingIsCreatedThere) {
  EXPECT_THAT(world.reconcile(), ElementsAre("write the status"));
  EXPECT_THAT(world.registry->status.other_namespaces, ElementsAre("shared"));
  EXPECT_THAT(world.list(), IsEmpty());
  world.converge();
  EXPECT_THAT(world.list(), testing::SizeIs(2));
}

TEST_F(RecordedPlaces, ANamespaceIsForgottenOnceNothingIsThere) {
  world.converge();
  move("");
  world.converge();
  EXPECT_THAT(world.registry->status.other_namespaces, IsEmpty());
  EXPECT_THAT(world.registry->metadata.finalizers, IsEmpty());
}

TEST_F(RecordedPlaces, AnEarlierTargetThatNoLongerAllowsItIsCleanedUp) {
  world.converge();
  shared().metadata.annotations.clear();
  move("");
  world.converge();
  EXPECT_THAT(world.list(),
              ElementsAre("Deployment team-a/registry", testing::StartsWith("Service team-a")));
}

TEST_F(RecordedPlaces, WhatIsInANamespaceThatIsNoLongerWatchedKeepsTheFinalizer) {
  world.converge();
  world.unwatched = {"shared"};
  move("");
  world.converge();
  EXPECT_THAT(world.registry->metadata.finalizers, ElementsAre("localregistry.dev/cleanup"));
  EXPECT_THAT(world.registry->status.other_namespaces, ElementsAre("shared"));
  EXPECT_EQ(condition(world.registry->status, "CleanupBlocked"), "True NamespaceNotWatched");
  world.delete_registry();
  world.converge();
  ASSERT_NE(world.registry, nullptr);
  EXPECT_EQ(condition(world.registry->status, "CleanupBlocked"), "True NamespaceNotWatched");
}

TEST_F(RecordedPlaces, ADeletedResourceGoesOnceItsNamespaceIsWatchedAgain) {
  world.converge();
  world.unwatched = {"shared"};
  world.target_watched = false;
  world.delete_registry();
  world.run();
  ASSERT_NE(world.registry, nullptr);
  EXPECT_EQ(condition(world.registry->status, "CleanupBlocked"), "True NamespaceNotWatched");
  world.unwatched.clear();
  world.target_watched = true;
  world.run();
  EXPECT_EQ(world.registry, nullptr);
  EXPECT_THAT(world.list(), IsEmpty());
}

}  // namespace
}  // namespace test
