#include "operator/gather.h"

#include "unit/operator/fixture.h"

namespace test {
namespace {

using controller::ReconcileState;
using reconcile::ObjectRole;
using reconcile::Observed;

class Gather : public OperatorTest {
 protected:
  Observed gather() {
    return controller::gather(*caches, state, {kind_cluster, world.clock.wall()});
  }

  void SetUp() override { state.key = kDev; }

  // Stores the children of a registry as they were applied.
  void put_children(const api::LocalRegistry& registry) {
    cluster.put(reconcile::build_deployment(registry, true));
    cluster.put(reconcile::build_service(registry, 30000));
  }

  // Stores a LocalRegistry of the same target name that is older than those that follow.
  void put_old() {
    api::LocalRegistry old = a_registry();
    old.metadata.name = "old";
    cluster.put(old);
    world.run_for(std::chrono::seconds(1));
  }

  ReconcileState state;
  bool kind_cluster = false;
};

TEST_F(Gather, WithoutTheResourceThereIsNothingToLookAt) {
  watch();
  const Observed observed = gather();
  EXPECT_EQ(observed.registry, nullptr);
  EXPECT_TRUE(observed.misplaced_children.empty());
  EXPECT_FALSE(observed.live);
}

TEST_F(Gather, TheResourceItsObjectsAndItsNamespaceAreFound) {
  put_children(cluster.put(a_registry()));
  watch();
  kind_cluster = true;
  const Observed observed = gather();
  ASSERT_NE(observed.registry, nullptr);
  ASSERT_NE(observed.deployment(), nullptr);
  ASSERT_NE(observed.service(), nullptr);
  EXPECT_EQ(observed.stateful_set(), nullptr);
  EXPECT_EQ(observed.pvc(), nullptr);
  EXPECT_EQ(observed.target_namespace->metadata.name, "team-a");
  EXPECT_TRUE(observed.misplaced_children.empty());
  EXPECT_TRUE(observed.target_watched);
  EXPECT_TRUE(observed.kind_cluster);
  EXPECT_EQ(observed.rival, std::nullopt);
  EXPECT_EQ(observed.now, world.clock.wall());
}

TEST_F(Gather, ObjectsOfAnEarlierNameAreLeftovers) {
  api::LocalRegistry renamed = cluster.put(a_registry());
  put_children(renamed);
  renamed.spec.name = "images";
  cluster.put(renamed);
  watch();
  const Observed observed = gather();
  EXPECT_EQ(observed.deployment(), nullptr);
  ASSERT_EQ(observed.misplaced_children.size(), 2U);
  EXPECT_EQ(observed.misplaced_children[0].role, ObjectRole::kDeployment);
  EXPECT_EQ(observed.misplaced_children[1].role, ObjectRole::kService);
  EXPECT_EQ(observed.misplaced_children[0].metadata.name, "registry");
}

TEST_F(Gather, ObjectsOfAGoneResourceAreLeftovers) {
  put_children(a_registry());
  watch();
  EXPECT_EQ(gather().misplaced_children.size(), 2U);
}

TEST_F(Gather, ObjectsOfAResourceThatTheCacheHasNoRoomForAreNotLeftovers) {
  put_children(a_registry());
  watch();
  state.registry = std::make_shared<const api::LocalRegistry>(a_registry());
  state.live = true;
  EXPECT_TRUE(gather().misplaced_children.empty());
  EXPECT_TRUE(gather().orphans.empty());
}

TEST_F(Gather, ForeignObjectsAreSeenOnlyWhereThisReconcileReadThem) {
  cluster.put(a_registry());
  const api::Service other = cluster.put(foreign(reconcile::build_service(a_registry(), 0)));
  watch();
  EXPECT_EQ(gather().service(), nullptr);
  state.uncached.get<reconcile::ObjectRole::kService>() =
      std::make_shared<const api::Service>(other);
  EXPECT_NE(gather().service(), nullptr);
}

TEST_F(Gather, WhatThisReconcileKnowsIsPassedOn) {
  cluster.put(a_registry());
  watch();
  state.live = true;
  state.failures = {{ObjectRole::kService, {base::ErrorCode::kInvalid, "no"}, 30000}};
  const Observed observed = gather();
  EXPECT_TRUE(observed.live);
  ASSERT_EQ(observed.failures.size(), 1U);
  EXPECT_EQ(observed.failures[0].node_port, 30000);
}

TEST_F(Gather, PodsAreThoseOfTheResource) {
  cluster.put(a_registry());
  for (const char* owner : {"team-a/dev", "team-a/other"}) {
    api::Pod pod;
    pod.metadata.name = std::string("pod-") + (owner + 7);
    pod.metadata.namespace_name = "team-a";
    pod.metadata.labels = {{"app.kubernetes.io/managed-by", "local-registry-operator"}};
    pod.metadata.annotations = {{"localregistry.dev/owner", owner}};
    cluster.put(pod);
  }
  watch();
  ASSERT_EQ(gather().pods.size(), 1U);
  EXPECT_EQ(gather().pods[0]->metadata.name, "pod-dev");
}

// GatherForged stores objects in team-c that look like children of this LocalRegistry. A tenant
// with edit rights in team-c who has seen its uid can create them.
class GatherForged : public Gather {
 protected:
  void forge(const api::LocalRegistry& owner) {
    api::Service service = reconcile::build_service(owner, 30001);
    service.metadata.namespace_name = "team-c";
    service.metadata.owner_references.clear();
    cluster.put(service);
    api::PersistentVolumeClaim pvc = reconcile::build_pvc(owner, nullptr);
    pvc.metadata.namespace_name = "team-c";
    cluster.put(pvc);
    api::Pod pod;
    pod.metadata = service.metadata;
    pod.metadata.name = "registry-0";
    cluster.put(pod);
  }
};

TEST_F(GatherForged, ObjectsOfANamespaceThatTheResourceNeverUsedAreNoChildren) {
  forge(cluster.put(a_registry()));
  watch();
  const Observed observed = gather();
  EXPECT_TRUE(observed.misplaced_children.empty());
  EXPECT_TRUE(observed.orphans.empty());
  EXPECT_TRUE(observed.pods.empty());
  EXPECT_EQ(observed.service(), nullptr);
}

TEST_F(GatherForged, HoweverManyTheyAreTheyHideNoChildOfTheResource) {
  forge(cluster.put(a_registry()));
  const api::LocalRegistry dev = *cluster.find<api::LocalRegistry>(kDev);
  api::Service forged = reconcile::build_service(dev, 0);
  forged.metadata.namespace_name = "team-c";
  for (int i = 0; i < 20; ++i) {
    forged.metadata.name = "forged-" + std::to_string(i);
    cluster.put(forged);
  }
  api::Service left = reconcile::build_service(dev, 0);
  left.metadata.name = "earlier-name";
  cluster.put(left);
  watch();
  const Observed observed = gather();
  ASSERT_EQ(observed.misplaced_children.size(), 1U);
  EXPECT_EQ(observed.misplaced_children[0].metadata.name, "earlier-name");
}

TEST_F(GatherForged, WithAnotherUidTheyAreNoOrphans) {
  cluster.put(a_registry());
  forge(a_registry());
  watch();
  EXPECT_TRUE(gather().orphans.empty());
}

TEST_F(GatherForged, OfAResourceThatIsGoneTheyAreNotLeft) {
  forge(a_registry());
  watch();
  EXPECT_TRUE(gather().misplaced_children.empty());
}

TEST_F(GatherForged, NeitherAreTheyInANamespaceThatAllowsTheResource) {
  api::Namespace allowing = a_namespace("team-c");
  forge(cluster.put(a_registry()));
  allowing.metadata.annotations = {{"localregistry.dev/allow-from", "team-a"}};
  cluster.put(allowing);
  watch();
  EXPECT_TRUE(gather().misplaced_children.empty());
  EXPECT_TRUE(gather().pods.empty());
}

TEST_F(Gather, ObjectsOfARecordedNamespaceAreLeftoversByTheUidAlone) {
  api::LocalRegistry registry = a_registry();
  registry.status.other_namespaces = {"before"};
  api::Service service = reconcile::build_service(cluster.put(registry), 0);
  service.metadata.namespace_name = "before";
  service.metadata.owner_references.clear();
  cluster.put(service);
  service.metadata.name = "stripped";
  service.metadata.labels.erase("localregistry.dev/owner-uid");
  cluster.put(service);
  watch();
  ASSERT_EQ(gather().misplaced_children.size(), 1U);
  EXPECT_EQ(gather().misplaced_children[0].metadata.name, "registry");
}

TEST_F(Gather, ARecordedNamespaceThatIsNotWatchedIsReported) {
  api::LocalRegistry registry = a_registry();
  registry.status.other_namespaces = {"before"};
  cluster.put(registry);
  watch({"team-a"});
  EXPECT_EQ(gather().unwatched_namespaces, std::vector<std::string>{"before"});
}

TEST_F(Gather, AnOlderResourceOfTheSameNameIsARival) {
  put_old();
  cluster.put(a_registry());
  watch();
  EXPECT_EQ(gather().rival, std::optional(api::ObjectKey{"team-a", "old"}));
  state.key = {"team-a", "old"};
  EXPECT_EQ(gather().rival, std::nullopt);
}

TEST_F(Gather, WhoseServiceItIsHasTheName) {
  put_old();
  put_children(cluster.put(a_registry()));
  watch();
  EXPECT_EQ(gather().rival, std::nullopt);
  state.key = {"team-a", "old"};
  EXPECT_EQ(gather().rival, std::optional(kDev));
}

class GatherClaims : public Gather {
 protected:
  // Stores the PVC that `owner` uses, or has retained.
  void put_claim(const api::LocalRegistry& owner) {
    cluster.put(a_registry());
    cluster.put(reconcile::build_pvc(owner, nullptr));
  }

  static api::LocalRegistry other() {
    api::LocalRegistry owner = a_registry();
    owner.metadata.namespace_name = "team-b";
    owner.metadata.name = "other";
    owner.spec.namespace_name = "team-a";
    return owner;
  }
};

TEST_F(GatherClaims, AClaimWhoseOwnerExistsIsItsOwners) {
  put_claim(cluster.put(other()));
  watch();
  EXPECT_TRUE(gather().pvc_owner_may_exist);
}

TEST_F(GatherClaims, AClaimWhoseOwnerIsGoneIsNobodys) {
  put_claim(other());
  watch();
  EXPECT_FALSE(gather().pvc_owner_may_exist);
}

TEST_F(GatherClaims, AnotherResourceOfTheOwnersNameIsNotTheOwner) {
  put_claim(other());
  cluster.put(other());
  watch();
  EXPECT_FALSE(gather().pvc_owner_may_exist);
}

TEST_F(GatherClaims, AnOwnerThatCannotBeSeenIsTakenToLive) {
  put_claim(other());
  watch({"team-a"});
  EXPECT_TRUE(gather().pvc_owner_may_exist) << "team-b is not watched: who knows";
}

TEST_F(Gather, ATargetThatIsNotWatchedIsReported) {
  api::LocalRegistry registry = a_registry();
  registry.spec.namespace_name = "shared";
  cluster.put(registry);
  cluster.put(a_namespace("shared"));
  watch({"team-a"});
  EXPECT_FALSE(gather().target_watched);
  EXPECT_EQ(gather().target_namespace, nullptr);
}

}  // namespace
}  // namespace test
