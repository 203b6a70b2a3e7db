#include "operator/gather.h"

#include "reconcile/children/children.h"
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
    api::Deployment deployment = reconcile::build_deployment(registry, true);
    deployment.metadata.uid = "uid-deployment-" + registry.spec.name;
    cluster.put(deployment);
    api::Service service = reconcile::build_service(registry, 30000);
    service.metadata.uid = "uid-service-" + registry.spec.name;
    cluster.put(service);
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
  cluster.put(a_registry());
  put_children(a_registry());
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
  put_children(a_registry());
  api::LocalRegistry renamed = a_registry();
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
  api::Service foreign;
  foreign.metadata.name = "registry";
  foreign.metadata.namespace_name = "team-a";
  cluster.put(foreign);
  watch();
  EXPECT_EQ(gather().service(), nullptr);
  state.uncached.get<reconcile::ObjectRole::kService>() =
      std::make_shared<const api::Service>(foreign);
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

// GatherForged stores objects in team-c that look like children of team-a/dev. A tenant with edit
// rights in team-c who has seen the uid of team-a/dev can create them.
class GatherForged : public Gather {
 protected:
  void forge(const std::string& uid) {
    cluster.put(a_namespace("team-c"));
    api::Service service = reconcile::build_service(a_registry(), 30001);
    service.metadata.namespace_name = "team-c";
    service.metadata.labels["localregistry.dev/owner-uid"] = uid;
    service.metadata.owner_references.clear();
    service.metadata.uid = "uid-forged";
    cluster.put(service);
    api::PersistentVolumeClaim pvc = reconcile::build_pvc(a_registry(), nullptr);
    pvc.metadata.namespace_name = "team-c";
    pvc.metadata.labels["localregistry.dev/owner-uid"] = uid;
    cluster.put(pvc);
    api::Pod pod;
    pod.metadata = service.metadata;
    pod.metadata.name = "registry-0";
    cluster.put(pod);
  }
};

TEST_F(GatherForged, ObjectsOfANamespaceThatTheResourceNeverUsedAreNoChildren) {
  cluster.put(a_registry());
  forge("uid-dev");
  watch();
  const Observed observed = gather();
  EXPECT_TRUE(observed.misplaced_children.empty());
  EXPECT_TRUE(observed.orphans.empty());
  EXPECT_TRUE(observed.pods.empty());
  EXPECT_EQ(observed.service(), nullptr);
}

TEST_F(GatherForged, HoweverManyTheyAreTheyHideNoChildOfTheResource) {
  cluster.put(a_registry());
  forge("uid-dev");
  api::Service forged = reconcile::build_service(a_registry(), 0);
  forged.metadata.namespace_name = "team-c";
  for (int i = 0; i < 20; ++i) {
    forged.metadata.name = "forged-" + std::to_string(i);
    forged.metadata.uid = "uid-forged-" + std::to_string(i);
    cluster.put(forged);
  }
  api::Service left = reconcile::build_service(a_registry(), 0);
  left.metadata.name = "earlier-name";
  left.metadata.uid = "uid-left";
  cluster.put(left);
  watch();
  const Observed observed = gather();
  ASSERT_EQ(observed.misplaced_children.size(), 1U);
  EXPECT_EQ(observed.misplaced_children[0].metadata.name, "earlier-name");
}

TEST_F(GatherForged, WithAnotherUidTheyAreNoOrphans) {
  cluster.put(a_registry());
  forge("uid-earlier");
  watch();
  EXPECT_TRUE(gather().orphans.empty());
}

TEST_F(GatherForged, OfAResourceThatIsGoneTheyAreNotLeft) {
  forge("uid-dev");
  watch();
  EXPECT_TRUE(gather().misplaced_children.empty());
}

TEST_F(GatherForged, NeitherAreTheyInANamespaceThatAllowsTheResource) {
  api::Namespace allowing = a_namespace("team-c");
  cluster.put(a_registry());
  forge("uid-dev");
  allowing.metadata.annotations = {{"localregistry.dev/allow-from", "team-a"}};
  cluster.put(allowing);
  watch();
  EXPECT_TRUE(gather().misplaced_children.empty());
  EXPECT_TRUE(gather().pods.empty());
}

TEST_F(Gather, ObjectsOfARecordedNamespaceAreLeftoversByTheUidAlone) {
  api::LocalRegistry registry = a_registry();
  registry.status.other_namespaces = {"before"};
  cluster.put(registry);
  cluster.put(a_namespace("before"));
  api::Service service = reconcile::build_service(registry, 30001);
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
  api::LocalRegistry young = a_registry();
  young.metadata.creation_timestamp = base::Time(std::chrono::hours(2));
  api::LocalRegistry old = a_registry();
  old.metadata.name = "old";
  old.metadata.uid = "uid-old";
  old.metadata.creation_timestamp = base::Time(std::chrono::hours(1));
  cluster.put(young);
  cluster.put(old);
  watch();
  EXPECT_EQ(gather().rival, std::optional(api::ObjectKey{"team-a", "old"}));
  state.key = {"team-a", "old"};
  EXPECT_EQ(gather().rival, std::nullopt);
}

TEST_F(Gather, WhoseServiceItIsHasTheName) {
  api::LocalRegistry young = a_registry();
  young.metadata.creation_timestamp = base::Time(std::chrono::hours(2));
  api::LocalRegistry old = a_registry();
  old.metadata.name = "old";
  old.metadata.uid = "uid-old";
  old.metadata.creation_timestamp = base::Time(std::chrono::hours(1));
  cluster.put(young);
  cluster.put(old);
  put_children(young);
  watch();
  EXPECT_EQ(gather().rival, std::nullopt);
  state.key = {"team-a", "old"};
  EXPECT_EQ(gather().rival, std::optional(kDev));
}

class GatherClaims : public Gather {
 protected:
  // Stores the PVC that team-b/other uses, or has retained.
  void put_claim() {
    cluster.put(a_registry());
    api::LocalRegistry other = a_registry();
    other.metadata.namespace_name = "team-b";
    other.metadata.name = "other";
    other.metadata.uid = "uid-other";
    other.spec.namespace_name = "team-a";
    cluster.put(reconcile::build_pvc(other, nullptr));
  }

  void put_owner(const std::string& uid) {
    api::LocalRegistry owner = a_registry();
    owner.metadata.namespace_name = "team-b";
    owner.metadata.name = "other";
    owner.metadata.uid = uid;
    cluster.put(owner);
  }
};

TEST_F(GatherClaims, AClaimWhoseOwnerExistsIsItsOwners) {
  put_claim();
  put_owner("uid-other");
  watch();
  EXPECT_TRUE(gather().pvc_owner_may_exist);
}

TEST_F(GatherClaims, AClaimWhoseOwnerIsGoneIsNobodys) {
  put_claim();
  watch();
  EXPECT_FALSE(gather().pvc_owner_may_exist);
}

TEST_F(GatherClaims, AnotherResourceOfTheOwnersNameIsNotTheOwner) {
  put_claim();
  put_owner("uid-next");
  watch();
  EXPECT_FALSE(gather().pvc_owner_may_exist);
}

TEST_F(GatherClaims, AnOwnerThatCannotBeSeenIsTakenToLive) {
  put_claim();
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
