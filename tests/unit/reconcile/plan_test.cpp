#include "reconcile/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "reconcile/children/names.h"
#include "reconcile/status/reasons.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

// Planning has a world; plan() returns the actions of one plan as lines.
class Planning : public testing::Test {
 protected:
  using Lines = std::vector<std::string>;
  using Edit = std::function<void(api::LocalRegistrySpec&)>;

  Lines plan() const {
    Lines lines;
    for (const auto& action : reconcile::plan(world.observe()).actions) {
      lines.push_back(line_of(action));
    }
    return lines;
  }

  void change(const Edit& edit) {
    api::LocalRegistrySpec spec = world.registry->spec;
    edit(spec);
    world.change_spec(spec);
  }

  void use_persistence(api::RetentionPolicy policy = api::RetentionPolicy::kRetain) {
    change([policy](auto& spec) {
      spec.persistence.enabled = true;
      spec.persistence.when_deleted = policy;
    });
  }

  void move_elsewhere() {
    world.namespaces["shared"] = a_namespace("shared");
    world.namespaces["shared"].metadata.annotations = {{"localregistry.dev/allow-from", "team-a"}};
    change([](auto& spec) { spec.namespace_name = "shared"; });
  }

  void fail(ObjectRole role, base::ErrorCode code) { world.failures = {{role, {code, "no"}}}; }

  // Replaces the resource by another one of the same name. The objects in the world belong to the
  // former.
  void make_anew() {
    api::LocalRegistry next = *world.registry;
    next.metadata.uid = "uid-next";
    next.status = {};
    world.registry = std::make_shared<const api::LocalRegistry>(next);
  }

  // Makes the status report the current spec as reconciled, and removes the Service.
  void acknowledge_without_service() {
    world.all<api::Service>().clear();
    tell([this](auto& status) {
      status.observed_generation = world.registry->metadata.generation;
      status.node_port = 0;
    });
  }

  // Changes the status of the resource.
  void tell(const std::function<void(api::LocalRegistryStatus&)>& edit) {
    api::LocalRegistry next = *world.registry;
    edit(next.status);
    world.registry = std::make_shared<const api::LocalRegistry>(next);
  }

  void begin_deletion(api::ObjectMeta& meta) const { meta.deletion_timestamp = world.now; }

  // Adds a port to the Service, as another client would.
  void give_the_service_another_port() {
    auto& ports = world.find<api::Service>()->spec.ports;
    ports.push_back(ports.front());
    ports.back().name = "theirs";
    ports.back().port = 80;
  }

  static void make_foreign(api::ObjectMeta& meta) {
    meta.labels.clear();
    meta.annotations.clear();
    meta.owner_references.clear();
  }

  // Carries out the first plans of a resource, without writing its status.
  void make_children() {
    for (int pass = 0; pass < 2; ++pass) {
      for (const auto& action : reconcile::plan(world.observe()).actions) world.execute(action);
    }
  }

  api::ObjectMeta& deployment() { return world.find<api::Deployment>()->metadata; }
  api::ObjectMeta& stateful_set() { return world.find<api::StatefulSet>()->metadata; }
  api::ObjectMeta& service() { return world.find<api::Service>()->metadata; }
  api::ObjectMeta& pvc() { return world.find<api::PersistentVolumeClaim>()->metadata; }

  World world{a_registry()};
};

// Objects that are being deleted

TEST_F(Planning, WhatIsBeingDeletedIsNotDeletedAgain) {
  world.converge();
  change([](auto& spec) { spec.enabled = false; });
  begin_deletion(deployment());
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("delete Service team-a/registry")));
}

TEST_F(Planning, WhatIsBeingDeletedIsNotHealed) {
  world.converge();
  world.find<api::Deployment>()->spec.replicas = 3;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("heal Deployment")));
  begin_deletion(deployment());
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, PortsThatSomebodyGaveTheServiceGoWhenAnApplyIsRefusedForThem) {
  world.converge();
  give_the_service_another_port();
  change([](auto& spec) { spec.port = 5001; });
  world.live = true;
  EXPECT_THAT(plan(), Contains(StartsWith("update Service team-a/registry")));
  fail(ObjectRole::kService, base::ErrorCode::kInvalid);
  EXPECT_THAT(plan(), Contains(StartsWith("reset the ports of Service team-a/registry")));
  EXPECT_THAT(plan(), Not(Contains(StartsWith("delete Service"))));
  world.failures.push_back(world.failures.front());
  EXPECT_THAT(plan(), Not(Contains(StartsWith("reset the ports")))) << "it was refused as well";
}

// Such a port is no reason for a refusal.
TEST_F(Planning, APortWithAnotherNameAndNodePortStays) {
  world.converge();
  give_the_service_another_port();
  world.find<api::Service>()->spec.ports.back().node_port = 30009;
  EXPECT_THAT(plan(), IsEmpty());
  fail(ObjectRole::kService, base::ErrorCode::kInvalid);
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, PortsAreResetToAnotherNodePortOnlyAfterALiveRead) {
  world.converge();
  give_the_service_another_port();
  world.find<api::Service>()->spec.ports.front().node_port = 30005;
  fail(ObjectRole::kService, base::ErrorCode::kInvalid);
  EXPECT_THAT(plan(), ElementsAre("read live"));
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("reset the ports of Service team-a/registry")));
}

TEST_F(Planning, TheOtherWorkloadIsCreatedOnceTheDeletionOfTheFirstIsAccepted) {
  world.converge();
  change([](auto& spec) { spec.persistence.enabled = true; });
  world.live = true;
  EXPECT_THAT(plan(), AllOf(Contains(StartsWith("delete Deployment team-a/registry")),
                            Not(Contains(StartsWith("create StatefulSet")))));
  fail(ObjectRole::kDeployment, base::ErrorCode::kForbidden);
  world.all<api::PersistentVolumeClaim>().clear();
  EXPECT_THAT(plan(), Not(Contains(StartsWith("create StatefulSet"))));
  world.failures.clear();
  world.converge();
  EXPECT_TRUE(world.find<api::StatefulSet>() != nullptr);
  EXPECT_TRUE(world.find<api::Deployment>() == nullptr);
}

TEST_F(Planning, PortsAreNotResetForAnotherReason) {
  world.converge();
  give_the_service_another_port();
  change([](auto& spec) { spec.port = 5001; });
  world.live = true;
  fail(ObjectRole::kService, base::ErrorCode::kForbidden);
  EXPECT_THAT(plan(), Not(Contains(StartsWith("reset the ports"))));
  fail(ObjectRole::kDeployment, base::ErrorCode::kInvalid);
  EXPECT_THAT(plan(), Not(Contains(StartsWith("reset the ports"))));
  fail(ObjectRole::kService, base::ErrorCode::kInvalid);
  EXPECT_THAT(plan(), Contains(StartsWith("reset the ports")));
  begin_deletion(service());
  EXPECT_THAT(plan(), Not(Contains(StartsWith("reset the ports"))));
  world.all<api::Service>().clear();
  EXPECT_THAT(plan(), Not(Contains(StartsWith("reset the ports"))));
}

TEST_F(Planning, PortsAreNotResetForANodePortThatIsRefused) {
  world.converge();
  give_the_service_another_port();
  world.find<api::Service>()->spec.ports.back().node_port = 30009;
  change([](auto& spec) { spec.node_port = 80; });
  world.live = true;
  world.failures.push_back({ObjectRole::kService, {base::ErrorCode::kInvalid, "out of range"}, 80});
  EXPECT_THAT(plan(), Not(Contains(StartsWith("reset the ports"))));
}

TEST_F(Planning, TheStrategyOfADeploymentThatIsGoingIsLeftAlone) {
  world.converge();
  world.find<api::Deployment>()->spec.strategy = {"RollingUpdate", {R"({"maxSurge":1})"}};
  EXPECT_THAT(plan(), ElementsAre(StartsWith("reset the strategy")));
  fail(ObjectRole::kDeployment, base::ErrorCode::kForbidden);
  EXPECT_THAT(plan(), IsEmpty()) << "it was refused in this reconcile";
  world.failures.clear();
  begin_deletion(deployment());
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, AnOrphanThatIsGoingIsLeftAlone) {
  world.converge();
  for (auto* meta : {&deployment(), &service()}) meta->owner_references.clear();
  begin_deletion(deployment());
  world.registry.reset();
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("delete Service team-a/registry")));
}

TEST_F(Planning, AServiceOfTheEarlierNameThatIsGoingDoesNotHoldUpTheNewOne) {
  world.converge();
  begin_deletion(service());
  change([](auto& spec) { spec.name = "images"; });
  world.live = true;
  EXPECT_THAT(plan(), Contains(StartsWith("create Service team-a/images")));
}

TEST_F(Planning, WhatIsLeftUnderTheEarlierNameWithoutAServiceIsRemoved) {
  world.converge();
  world.all<api::Service>().clear();
  change([](auto& spec) { spec.name = "images"; });
  world.live = true;
  EXPECT_THAT(plan(), Contains(StartsWith("delete Deployment team-a/registry")));
}

TEST_F(Planning, AServiceIsWrittenOnlyAsItWasSeen) {
  world.converge();
  world.find<api::Service>()->spec.type = "LoadBalancer";
  const auto actions = reconcile::plan(world.observe()).actions;
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(std::get<reconcile::Apply<api::Service>>(actions.front()).resource_version,
            service().resource_version)
      << "who has not seen its node port would move it";
}

TEST_F(Planning, AnyNodePortIsAskedForAnExistingServiceOnlyAfterALiveRead) {
  make_children();
  auto& ports = world.find<api::Service>()->spec.ports;
  ports.front().node_port = 0;
  world.find<api::Service>()->spec.type = "ClusterIP";
  EXPECT_THAT(plan(), ElementsAre("read live")) << "a port may have been told meanwhile";
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("heal Service team-a/registry")));
}

// Failed writes

TEST_F(Planning, ARemovalThatIsRefusedIsNotTriedTwiceInOneReconcile) {
  world.converge();
  change([](auto& spec) { spec.enabled = false; });
  world.live = true;
  fail(ObjectRole::kDeployment, base::ErrorCode::kForbidden);
  EXPECT_THAT(plan(), ElementsAre(StartsWith("delete Service")));
}

TEST_F(Planning, AClaimIsNeverReplacedByANewOne) {
  use_persistence();
  world.converge();
  world.find<api::PersistentVolumeClaim>()->spec.access_modes = {"ReadWriteMany"};
  EXPECT_THAT(plan(), ElementsAre(StartsWith("heal PersistentVolumeClaim")));
  world.live = true;
  fail(ObjectRole::kPvc, base::ErrorCode::kInvalid);
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, TheSoonerOfTwoReasonsToLookAgainCounts) {
  const auto after = [&](base::Time::duration next) {
    world.push_checks = {{"app", api::PushPermission::kDenied, "", false, world.now + next}};
    return reconcile::plan(world.observe()).requeue_after;
  };
  change([](auto& spec) { spec.images = {{"app", "ghcr.io/org/app", {}}}; });
  fail(ObjectRole::kService, base::ErrorCode::kForbidden);
  EXPECT_EQ(after(1s), std::optional<std::chrono::milliseconds>(1s));
  EXPECT_EQ(after(1000h), std::optional<std::chrono::milliseconds>(limits::kRefusedRetry));
}

// Live reads

TEST_F(Planning, AClaimElsewhereThatIsKnownNeedsNoLiveRead) {
  move_elsewhere();
  use_persistence();
  world.converge();
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, AClaimThatNobodyElseWouldRemoveIsMadeOnlyForAResourceThatWasReadLive) {
  use_persistence(api::RetentionPolicy::kRetain);
  EXPECT_THAT(plan(), Contains(StartsWith("create PersistentVolumeClaim")));
  use_persistence(api::RetentionPolicy::kDelete);
  api::LocalRegistry kept = *world.registry;
  kept.metadata.finalizers = {std::string(reconcile::kFinalizer)};
  world.registry = std::make_shared<const api::LocalRegistry>(kept);
  EXPECT_THAT(plan(), Not(Contains(StartsWith("create PersistentVolumeClaim"))));
  EXPECT_THAT(plan(), Contains("read live"));
  world.live = true;
  EXPECT_THAT(plan(), Contains(StartsWith("create PersistentVolumeClaim")));
}

TEST_F(Planning, AWorkloadOfTheOtherKindThatNoCacheHoldsIsLookedFor) {
  world.converge();
  world.all<api::Deployment>().clear();
  EXPECT_THAT(plan(), ElementsAre(StartsWith("create Deployment"))) << "its name tells soon enough";
  use_persistence();
  EXPECT_THAT(plan(), Contains("read live")) << "it may only have lost its labels";
  world.live = true;
  EXPECT_THAT(plan(), Not(Contains("read live")));
}

TEST_F(Planning, AStatefulSetThatNoCacheHoldsIsLookedForBeforeADeploymentTakesItsPlace) {
  use_persistence();
  world.converge();
  world.all<api::StatefulSet>().clear();
  EXPECT_THAT(plan(), ElementsAre(StartsWith("create StatefulSet")));
  change([](auto& spec) { spec.persistence.enabled = false; });
  EXPECT_THAT(plan(), ElementsAre("read live"));
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("create Deployment")));
}

TEST_F(Planning, AWorkloadOfARegistryThatIsNotUsedAnyMoreIsLookedForWhenNoCacheHoldsIt) {
  world.converge();
  change([](auto& spec) { spec.enabled = false; });
  acknowledge_without_service();
  begin_deletion(deployment());
  EXPECT_THAT(plan(), IsEmpty()) << "it is there, and going";
  world.all<api::Deployment>().clear();
  EXPECT_THAT(plan(), ElementsAre("read live"));
  world.live = true;
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, AWorkloadOfTheOtherKindThatTheStatusTellsOfIsLookedForWhenNoCacheHoldsIt) {
  use_persistence();
  world.converge();
  EXPECT_THAT(plan(), IsEmpty());
  tell([](auto& status) { status.workload = "Deployment/registry"; });
  EXPECT_THAT(plan(), Contains("read live")) << "it may have lost its labels before it went";
  world.live = true;
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, AnotherSpecIsActedOnOnlyAfterALookAtWhatIsThere) {
  world.converge();
  change([](auto& spec) { spec.port = 5001; });
  EXPECT_THAT(plan(), ElementsAre("read live"))
      << "what an earlier one made may have lost its labels before a status told of it";
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("update Deployment"), StartsWith("update Service")));
}

TEST_F(Planning, AServiceOfARegistryThatIsNotUsedAnyMoreIsLookedForWhenNoCacheHoldsIt) {
  world.converge();
  const auto services = world.all<api::Service>();
  change([](auto& spec) { spec.enabled = false; });
  acknowledge_without_service();
  world.all<api::Deployment>().clear();
  tell([](auto& status) { status.workload.clear(); });
  EXPECT_THAT(plan(), IsEmpty());
  tell([](auto& status) { status.node_port = 30000; });
  world.all<api::Service>() = services;
  begin_deletion(service());
  EXPECT_THAT(plan(), IsEmpty()) << "it is there, and going";
  world.all<api::Service>().clear();
  EXPECT_THAT(plan(), ElementsAre("read live")) << "it may have lost its labels";
  change([](auto& spec) { spec.suspend = true; });
  EXPECT_THAT(plan(), ElementsAre("read live")) << "or the status would forget it";
  world.live = true;
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, AStatefulSetOfARegistryThatIsNotUsedAnyMoreIsLookedForWhenNoCacheHoldsIt) {
  use_persistence();
  world.converge();
  change([](auto& spec) { spec.enabled = false; });
  acknowledge_without_service();
  begin_deletion(stateful_set());
  EXPECT_THAT(plan(), IsEmpty()) << "it is there, and going";
  world.all<api::StatefulSet>().clear();
  EXPECT_THAT(plan(), ElementsAre("read live"));
  world.live = true;
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, AClaimThatIsLeftIsDeletedByPolicyOnlyAsItWasReadLive) {
  use_persistence(api::RetentionPolicy::kDelete);
  world.converge();
  world.all<api::StatefulSet>().clear();
  change([](auto& spec) { spec.persistence.enabled = false; });
  api::LocalRegistry switched = *world.registry;
  switched.status.workload = "Deployment/registry";  // the StatefulSet that used the PVC is gone
  world.registry = std::make_shared<const api::LocalRegistry>(switched);
  EXPECT_THAT(plan(), Contains("read live"));
  EXPECT_THAT(plan(), Not(Contains(StartsWith("delete"))));
  world.live = true;
  EXPECT_THAT(plan(), Contains(StartsWith("delete PersistentVolumeClaim team-a/registry")));
}

TEST_F(Planning, OneLiveReadIsEnoughForTwoClaims) {
  use_persistence(api::RetentionPolicy::kDelete);
  world.converge();
  const auto kept = *world.all<api::PersistentVolumeClaim>().begin();
  change([](auto& spec) { spec.name = "images"; });
  world.converge();
  world.all<api::PersistentVolumeClaim>().insert(kept);
  world.all<api::StatefulSet>().clear();
  change([](auto& spec) { spec.persistence.enabled = false; });
  const Lines lines = plan();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "read live"), 1);
  world.live = true;
  EXPECT_THAT(plan(), Contains(StartsWith("delete PersistentVolumeClaim team-a/registry")));
  EXPECT_THAT(plan(), Contains(StartsWith("delete PersistentVolumeClaim team-a/images")));
}

TEST_F(Planning, OneLiveReadIsEnoughWhateverElseIsDone) {
  move_elsewhere();
  use_persistence(api::RetentionPolicy::kDelete);
  world.converge();
  world.all<api::StatefulSet>().clear();
  change([](auto& spec) { spec.name = "images"; });
  acknowledge_without_service();
  EXPECT_THAT(plan(), ElementsAre("read live"));
}

TEST_F(Planning, NothingIsCreatedInAnotherNamespaceForASpecThatWasNotReadLive) {
  move_elsewhere();
  world.converge();
  world.all<api::Deployment>().clear();
  world.all<api::Service>().clear();
  EXPECT_THAT(plan(), ElementsAre("read live"));
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("create Deployment shared/registry"),
                                  StartsWith("create Service shared/registry")));
}

TEST_F(Planning, ARefusedResourceTakesNothingOver) {
  world.converge();
  make_anew();
  change([](auto& spec) { spec.port = 0; });
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, EachObjectOfAnEarlierResourceIsTakenOverOnlyAfterALiveRead) {
  world.converge();
  make_anew();
  const auto services = std::exchange(world.all<api::Service>(), {});
  EXPECT_THAT(plan(), ElementsAre("read live")) << "a Deployment alone";
  world.all<api::Service>() = services;
  world.all<api::Deployment>().clear();
  EXPECT_THAT(plan(), ElementsAre("read live")) << "a Service alone";
}

TEST_F(Planning, AStatefulSetOfAnEarlierResourceIsTakenOverOnlyAfterALiveRead) {
  use_persistence();
  world.converge();
  make_anew();
  world.all<api::Service>().clear();
  pvc().labels["localregistry.dev/owner-uid"] = "uid-next";
  EXPECT_THAT(plan(), ElementsAre("read live"));
}

TEST_F(Planning, WhatAnEarlierResourceLeavesUnderAnotherNameIsReasonForALiveReadToo) {
  world.converge();
  make_anew();
  change([](auto& spec) { spec.name = "images"; });
  world.all<api::Service>().clear();
  begin_deletion(world.all<api::Deployment>().begin()->second.object.metadata);
  EXPECT_THAT(plan(), ElementsAre("read live"));
}

// Conflicts

TEST_F(Planning, ADeploymentThatWasMadeBeforeTheConflictWasSeenIsRemoved) {
  make_children();
  make_foreign(service());
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("delete Deployment team-a/registry")));
}

TEST_F(Planning, AStatefulSetThatWasMadeBeforeTheConflictWasSeenIsRemoved) {
  use_persistence();
  make_children();
  make_foreign(service());
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("delete StatefulSet team-a/registry")));
}

TEST_F(Planning, WhatAnEarlierResourceMadeIsLeftAloneInAConflict) {
  make_children();
  make_foreign(service());
  make_anew();
  world.live = true;
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(Planning, AfterAConflictOnlyWhatNeedsNoLookIsToldBeforeALiveRead) {
  make_children();
  make_foreign(service());
  world.run();
  const auto status = [&] { return reconcile::plan(world.observe()).status; };
  const auto reason = [&](std::string_view type) {
    return api::find_condition(status()->conditions, type)->reason;
  };
  world.all<api::Service>().clear();
  EXPECT_THAT(plan(), ElementsAre("read live"));
  EXPECT_FALSE(status()) << "whether the name is free now is not known yet";
  change([](auto& spec) { spec.port = 0; });
  ASSERT_TRUE(status());
  EXPECT_EQ(reason(reconcile::condition::kAccepted), reconcile::reason::kInvalidSpec);
  change([](auto& spec) { spec.port = 5000, spec.suspend = true; });
  EXPECT_THAT(plan(), IsEmpty());
  ASSERT_TRUE(status());
  EXPECT_EQ(reason(reconcile::condition::kReady), reconcile::reason::kSuspended);
}

// The finalizer

TEST_F(Planning, APolicyForClaimsThatAreNotThereNeedsNoFinalizer) {
  change([](auto& spec) { spec.persistence.when_deleted = api::RetentionPolicy::kDelete; });
  world.converge();
  change([](auto& spec) { spec.name = "images"; });
  world.live = true;
  EXPECT_THAT(plan(), Not(Contains("add the finalizer")));
}

TEST_F(Planning, AClaimThatGoesByPolicyNeedsTheFinalizerUntilItIsGone) {
  use_persistence(api::RetentionPolicy::kDelete);
  world.converge();
  auto kept = *world.all<api::PersistentVolumeClaim>().begin();
  begin_deletion(kept.second.object.metadata);
  change([](auto& spec) { spec.persistence.enabled = false; });
  world.converge();
  EXPECT_THAT(plan(), IsEmpty());
  world.all<api::PersistentVolumeClaim>().insert(kept);
  EXPECT_THAT(plan(), ElementsAre("add the finalizer"));
  change([](auto& spec) { spec.name = "images"; });
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre("add the finalizer")) << "under an earlier name too";
}

TEST_F(Planning, WhatIsLeftInAnotherNamespaceNeedsTheFinalizerUntilItIsGone) {
  move_elsewhere();
  world.converge();
  auto kept = *world.all<api::Deployment>().begin();
  begin_deletion(kept.second.object.metadata);
  change([](auto& spec) { spec.namespace_name = ""; });
  world.converge();
  EXPECT_THAT(plan(), IsEmpty());
  world.all<api::Deployment>().insert(kept);
  EXPECT_THAT(plan(), IsEmpty()) << "in a namespace that the resource never used it is no child";
  api::LocalRegistry recorded = *world.registry;
  recorded.status.other_namespaces = {"shared"};
  world.registry = std::make_shared<const api::LocalRegistry>(recorded);
  EXPECT_THAT(plan(), ElementsAre("add the finalizer"));
}

TEST_F(Planning, EachObjectOfADisabledRegistryElsewhereNeedsTheFinalizerUntilItIsGone) {
  move_elsewhere();
  use_persistence();
  world.converge();
  const auto stateful_sets = world.all<api::StatefulSet>();
  change([](auto& spec) { spec.persistence.enabled = false; });
  world.converge();
  const auto deployments = world.all<api::Deployment>();
  const auto services = world.all<api::Service>();
  change([](auto& spec) { spec.enabled = false; });
  world.converge();
  EXPECT_THAT(plan(), IsEmpty());
  world.all<api::Deployment>() = deployments;
  EXPECT_THAT(plan(), ElementsAre("add the finalizer"));
  world.all<api::Deployment>().clear();
  world.all<api::StatefulSet>() = stateful_sets;
  EXPECT_THAT(plan(), ElementsAre("add the finalizer"));
  world.all<api::StatefulSet>().clear();
  world.all<api::Service>() = services;
  EXPECT_THAT(plan(), ElementsAre("add the finalizer"));
}

TEST_F(Planning, AClaimThatComesToLightLaterGoesByPolicyAfterALiveRead) {
  use_persistence(api::RetentionPolicy::kDelete);
  world.converge();
  const auto kept = *world.all<api::PersistentVolumeClaim>().begin();
  change([](auto& spec) { spec.persistence.enabled = false; });
  world.converge();
  world.all<api::PersistentVolumeClaim>().insert(kept);
  EXPECT_THAT(plan(), ElementsAre("add the finalizer"));
  world.execute(reconcile::SetFinalizer{true});
  EXPECT_THAT(plan(), ElementsAre("read live"));
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("delete PersistentVolumeClaim team-a/registry")));
}

TEST_F(Planning, TheFinalizerGoesOnceThereIsNothingElseToDo) {
  use_persistence(api::RetentionPolicy::kDelete);
  world.converge();
  change([](auto& spec) { spec.persistence.when_deleted = api::RetentionPolicy::kRetain; });
  world.live = true;
  const auto services = std::exchange(world.all<api::Service>(), {});
  EXPECT_THAT(plan(), ElementsAre(StartsWith("create Service")));
  world.all<api::Service>() = services;
  EXPECT_THAT(plan(), ElementsAre("remove the finalizer"));
  fail(ObjectRole::kLocalRegistry, base::ErrorCode::kForbidden);
  EXPECT_THAT(plan(), IsEmpty()) << "it was refused in this reconcile";
}

TEST_F(Planning, TheFinalizerOfADeletedResourceStaysWhileAClaimIsToBeDeleted) {
  use_persistence(api::RetentionPolicy::kDelete);
  world.converge();
  world.delete_registry();
  world.live = true;
  EXPECT_THAT(plan(), ElementsAre(StartsWith("delete PersistentVolumeClaim team-a/registry")));
}

TEST_F(Planning, ThePvcOfAnEarlierOperatorLosesTheLabelThatArgoCdTakesForItsOwn) {
  const char* const kLabel = "app.kubernetes.io/instance";
  use_persistence();
  world.converge();
  auto& kept = world.all<api::PersistentVolumeClaim>().at(world.target_key());
  kept.object.metadata.labels[kLabel] = "registry";
  kept.object.metadata.annotations["localregistry.dev/intent-hash"] = "earlier";
  kept.last["metadata"]["labels"][kLabel] = string("registry");
  world.converge();
  EXPECT_FALSE(world.find<api::PersistentVolumeClaim>()->metadata.labels.contains(kLabel));
}

// Actions

TEST_F(Planning, AResetOfTheStrategyWritesTheDeployment) {
  EXPECT_EQ(reconcile::role_of(reconcile::ResetStrategy{}), ObjectRole::kDeployment);
  EXPECT_EQ(reconcile::role_of(reconcile::ResetPorts{}), ObjectRole::kService);
}

}  // namespace
}  // namespace test
