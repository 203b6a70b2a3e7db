#include "reconcile/status/events.h"

#include <gmock/gmock.h>

#include "reconcile/children/children.h"
#include "reconcile/status/reasons.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using reconcile::ReconcileEvent;

// Events reconciles a world. reconcile() returns the Kubernetes Events of one reconcile as lines:
// "Normal Created: note".
class Events : public testing::Test {
 protected:
  // Runs one reconcile with its writes and returns its events, as the controller emits them.
  std::vector<std::string> reconcile() {
    const auto before = world.registry;
    std::vector<reconcile::Action> done;
    for (int pass = 0; pass < 6; ++pass) {
      const reconcile::Plan plan = reconcile::plan(world.observe());
      for (const reconcile::Action& action : plan.actions) {
        const std::size_t failed = world.failures.size();
        world.execute(action);
        if (world.failures.size() == failed) done.push_back(action);
      }
      if (!plan.actions.empty()) continue;
      if (plan.status) world.write(*plan.status);
      break;
    }
    world.live = false;
    world.failures.clear();
    return lines(reconcile::compute_events(*before, done, world.registry->status));
  }

  static std::vector<std::string> lines(const std::vector<ReconcileEvent>& events) {
    std::vector<std::string> list;
    for (const ReconcileEvent& event : events) {
      list.push_back((event.warning ? "Warning " : "Normal ") + event.reason + ": " + event.note);
    }
    return list;
  }

  void change(const std::function<void(api::LocalRegistrySpec&)>& edit) {
    api::LocalRegistrySpec spec = world.registry->spec;
    edit(spec);
    world.change_spec(spec);
  }

  using Lines = std::vector<std::string>;

  World world{a_registry()};
};

TEST_F(Events, CreationAndPortAreToldOnce) {
  EXPECT_EQ(reconcile(),
            Lines({"Normal Created: created Deployment/registry, Service/registry; images are "
                   "pushed to and pulled from localhost:30000"}));
  EXPECT_EQ(reconcile(), Lines());
  world.settle();
  EXPECT_EQ(reconcile(), Lines()) << "that it is ready is a condition";
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, AHealedFieldIsToldByItsName) {
  world.converge();
  world.find<api::Deployment>()->spec.replicas = 3;
  EXPECT_EQ(
      reconcile(),
      Lines(
          {"Normal Healed: Deployment/registry: restored spec.replicas, which had been changed"}));
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, AStrategyThatIsChangedBackIsTold) {
  world.converge();
  world.find<api::Deployment>()->spec.strategy = {"RollingUpdate", {R"({"maxSurge":1})"}};
  EXPECT_EQ(
      reconcile(),
      Lines(
          {"Normal Healed: Deployment/registry: restored spec.strategy, which had been changed"}));
}

TEST_F(Events, PortsThatAreTakenAwayAreTold) {
  world.converge();
  const api::Service wanted = *world.find<api::Service>();
  const reconcile::ResetPorts reset{reconcile::build_ports_patch(wanted.metadata, wanted)};
  EXPECT_EQ(
      lines(reconcile::compute_events(*world.registry, {reset}, world.registry->status)),
      Lines({"Normal Healed: Service/registry: restored spec.ports, which had been changed"}));
}

TEST_F(Events, AStatusThatSaysNothingTellsNothing) {
  world.converge();
  EXPECT_EQ(lines(reconcile::compute_events(*world.registry, {}, {})), Lines());
}

TEST_F(Events, WhatIsMadeByALaterTryIsCreatedNotHealed) {
  world.refusals[ObjectRole::kService] = {base::ErrorCode::kUnavailable, "try later"};
  reconcile();
  world.refusals.clear();
  EXPECT_EQ(reconcile().front(),
            "Normal Created: created Service/registry; images are pushed to and pulled from "
            "localhost:30000");
}

TEST_F(Events, ASidecarThatTheClustersDefaultForbidsIsToldOnce) {
  world.pods_are_restricted = true;
  int told = 0;
  for (int round = 0; round < 5; ++round) {
    for (const std::string& line : reconcile()) {
      told += line.starts_with("Warning BuildKitOmitted:") ? 1 : 0;
    }
    world.settle();
  }
  EXPECT_EQ(told, 1);
}

TEST_F(Events, HowImagesAreDeliveredIsToldOnceAllOfThemAreDecided) {
  change([](auto& spec) {
    spec.images = {{"app", "ghcr.io/org/app", {}}, {"web", "ghcr.io/org/web", {}}};
  });
  world.pushes = {{"app", api::PushPermission::kGranted}};
  reconcile();
  EXPECT_EQ(reconcile(), Lines()) << "nobody knows of the other yet";
  world.pushes["web"] = api::PushPermission::kGranted;
  world.push_checks.back().running = false;
  reconcile();
  const auto decided = world.registry->status.images;
  ASSERT_EQ(decided.size(), 2U);
  api::LocalRegistry before = *world.registry;
  before.status.images.clear();
  EXPECT_EQ(lines(reconcile::compute_events(before, {}, world.registry->status)),
            Lines({"Normal DeliveryDecided: delivery of images: app: Upstream (its registry says "
                   "Granted), web: Upstream (its registry says Granted)"}));
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, ARefusedImageDoesNotHideHowTheOthersAreDelivered) {
  change([](auto& spec) {
    spec.enabled = true;
    spec.images = {{"app", "ghcr.io/org/app", {}}, {"copy", "quay.io/org/app", {}}};
  });
  const Lines told = reconcile();
  EXPECT_THAT(
      told,
      testing::Contains(testing::AllOf(
          testing::StartsWith("Normal DeliveryDecided: delivery of images: app: LocalRegistry"),
          testing::Not(testing::HasSubstr("copy")))));
  EXPECT_THAT(reconcile(), testing::Not(testing::Contains(testing::HasSubstr("DeliveryDecided"))));
}

TEST_F(Events, OnlyTheImagesWhoseDeliveryIsNewAreTold) {
  api::LocalRegistry before = *world.registry;
  api::LocalRegistryStatus after;
  const auto image = [](const char* name, api::Delivery delivery) {
    api::ImageStatus status;
    status.name = name;
    status.delivery = delivery;
    status.message = "why";
    return status;
  };
  using enum api::Delivery;
  before.status.images = {image("app", kUpstream), image("web", kUpstream)};
  after.images = {image("app", kUpstream), image("web", kLocalRegistry), image("new", kUpstream)};
  EXPECT_EQ(lines(reconcile::compute_events(before, {}, after)),
            Lines({"Normal DeliveryDecided: delivery of images: web: LocalRegistry (why), new: "
                   "Upstream (why)"}));
  EXPECT_EQ(lines(reconcile::compute_events(before, {}, before.status)), Lines());
}

TEST_F(Events, ADeletedObjectIsToldAsHealed) {
  world.converge();
  world.all<api::Service>().clear();
  EXPECT_EQ(reconcile(), Lines({"Normal Healed: recreated after deletion: Service/registry"}));
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, APortThatWasTakenMeanwhileIsAWarning) {
  world.converge();
  world.all<api::Service>().clear();
  world.taken_ports = {30000};
  const Lines lines = reconcile();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1],
            "Warning PortChanged: the node port changed from 30000 to 30001, because the earlier "
            "port was taken: update image references that name localhost:30000");
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, APortThatTheSpecPinsIsNoHealing) {
  world.converge();
  change([](auto& spec) { spec.node_port = 31234; });
  EXPECT_EQ(reconcile(),
            Lines({"Normal PortChanged: the node port changed from 30000 to 31234, as set in "
                   "spec.nodePort: update image references that name localhost:30000"}));
}

TEST_F(Events, AChangeOfTheSpecIsNoHealing) {
  world.converge();
  change([](auto& spec) { spec.image = "registry:3"; });
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, ALargerClaimIsNoHealing) {
  change([](auto& spec) { spec.persistence.enabled = true; });
  world.converge();
  change([](auto& spec) { spec.persistence.size.text = "8Gi"; });
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, ARefusedShrinkIsToldOnce) {
  change([](auto& spec) { spec.persistence.enabled = true; });
  world.converge();
  change([](auto& spec) { spec.persistence.size.text = "1Gi"; });
  EXPECT_EQ(reconcile(),
            Lines({"Warning Refused: ShrinkRefused: PersistentVolumeClaim registry cannot shrink "
                   "from 5Gi: set spec.persistence.size to 5Gi or more"}));
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, APortThatWasTakenWhileTheRegistryWasOffIsToldAsChanged) {
  reconcile();
  change([](auto& spec) { spec.enabled = false; });
  reconcile();
  world.taken_ports.insert(30000);
  change([](auto& spec) { spec.enabled = true; });
  EXPECT_THAT(reconcile(), testing::Contains(testing::StartsWith(
                               "Warning PortChanged: the node port changed from 30000 to 30001")));
}

TEST_F(Events, ObjectsThatCannotBeRemovedAreToldOnce) {
  world.namespaces["shared"].metadata.annotations = {{"localregistry.dev/allow-from", "team-a"}};
  world.namespaces["shared"].metadata.name = "shared";
  change([](auto& spec) { spec.namespace_name = "shared"; });
  world.converge();
  world.unwatched = {"shared"};
  world.target_watched = false;
  world.all<api::Deployment>().clear();  // no cache shows them
  world.all<api::Service>().clear();
  world.delete_registry();
  EXPECT_THAT(reconcile(), testing::ElementsAre(testing::StartsWith(
                               "Warning CleanupBlocked: objects of this LocalRegistry may be in "
                               "namespace shared, which the operator does not watch")));
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, AConflictIsToldOnce) {
  world.rival = {"team-b", "other"};
  EXPECT_EQ(
      reconcile(),
      Lines({"Warning Refused: NameConflict: LocalRegistry team-b/other already uses the name "
             "registry in namespace team-a: change spec.name, or add the images to spec.images of "
             "that LocalRegistry, because one registry can serve several projects"}));
  EXPECT_EQ(reconcile(), Lines());
  world.rival.reset();
  EXPECT_EQ(reconcile().size(), 1U) << "created, and its port";
}

TEST_F(Events, ARefusedWriteIsToldOnceHoweverOftenItIsTried) {
  world.refusals[ObjectRole::kDeployment] = {base::ErrorCode::kForbidden, "exceeded quota: tight"};
  const Lines lines = reconcile();
  EXPECT_EQ(lines.back(),
            "Warning Failed: QuotaExceeded: Deployment registry: exceeded quota: tight");
  EXPECT_EQ(reconcile(), Lines());
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, ARefusedChangeOfARunningRegistryIsReportedOnce) {
  world.converge();
  world.refusals[ObjectRole::kDeployment] = {base::ErrorCode::kForbidden, "denied: no nginx here"};
  change([](auto& spec) { spec.image = "registry:3"; });
  EXPECT_EQ(reconcile(), Lines({"Warning Failed: Forbidden: Deployment team-a/registry: denied: no "
                                "nginx here"}));
  EXPECT_EQ(reconcile(), Lines());
  world.refusals.clear();
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, AServiceThatCannotBecomeANodePortIsReported) {
  reconcile();
  world.find<api::Service>()->spec.ports.front().node_port = 0;
  world.refusals[ObjectRole::kService] = {base::ErrorCode::kInvalid, "clusterIPs: may not be None"};
  const Lines told = reconcile();
  EXPECT_THAT(told, testing::Contains(testing::HasSubstr("clusterIPs: may not be None")));
  EXPECT_EQ(reconcile(), Lines());
  const api::Condition* ready =
      api::find_condition(world.registry->status.conditions, reconcile::condition::kReady);
  EXPECT_EQ(ready->message, "Service registry: clusterIPs: may not be None");
}

TEST_F(Events, APinThatIsTakenIsToldOnce) {
  world.taken_ports = {31234};
  change([](auto& spec) { spec.node_port = 31234; });
  EXPECT_EQ(reconcile().back(),
            "Warning Refused: NodePortTaken: spec.nodePort 31234: another Service uses this port; "
            "choose another port, or 0 for any free port");
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, ASidecarThatIsLeftOutIsToldOnce) {
  world.namespaces["team-a"].metadata.labels = {
      {"pod-security.kubernetes.io/enforce", "restricted"}};
  EXPECT_EQ(reconcile().back().substr(0, 24), "Warning BuildKitOmitted:");
  EXPECT_EQ(reconcile(), Lines());
}

TEST_F(Events, ASwitchTellsWhatIsMadeAndWhatIsRemoved) {
  world.converge();
  change([](auto& spec) { spec.persistence.enabled = true; });
  EXPECT_EQ(reconcile(),
            Lines({"Normal Created: created PersistentVolumeClaim/registry, StatefulSet/registry",
                   "Normal Deleted: deleted Deployment/registry"}));
}

TEST_F(Events, ATakeOverIsNoHealing) {
  world.converge();
  api::LocalRegistry next = a_registry();
  next.metadata.uid = "uid-dev-2";
  world.registry = std::make_shared<const api::LocalRegistry>(next);
  EXPECT_EQ(reconcile(),
            Lines({"Normal PortAssigned: images are pushed to and pulled from localhost:30000"}));
}

TEST_F(Events, AFailedWriteIsNotToldAsDone) {
  world.refusals[ObjectRole::kService] = {base::ErrorCode::kUnavailable, "try later"};
  EXPECT_EQ(reconcile().front(), "Normal Created: created Deployment/registry");
}

}  // namespace
}  // namespace test
