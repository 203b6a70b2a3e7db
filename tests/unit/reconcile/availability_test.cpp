#include "reconcile/status/availability.h"

#include <gtest/gtest.h>

#include "unit/reconcile/world.h"

namespace test {
namespace {

class Availability : public testing::Test {
 protected:
  void SetUp() override { world.converge(); }

  api::WorkloadStatus& workload() { return world.find<api::Deployment>()->status; }
  api::Pod& pod() { return world.pods.front(); }
  api::ContainerStatus& container(std::size_t index = 0) {
    return pod().status.container_statuses[index];
  }
  api::Condition& pod_ready() { return pod().status.conditions.front(); }

  // Sets the state that the kubelet and the controllers report when a container is not ready. The
  // Service still publishes the Pod.
  void make_unready() {
    world.find<api::Service>()->spec.publish_not_ready_addresses = api::Switch::kOn;
    workload().ready_replicas = 0;
    pod_ready().status = "False";
    pod_ready().reason = "ContainersNotReady";
  }

  static std::string text(const reconcile::ConditionValue& value) {
    return std::string(value.status) + " " + value.reason;
  }
  std::string registry() const { return text(reconcile::compute_available(world.observe())); }
  std::string buildkit() const { return text(reconcile::compute_buildkit_ready(world.observe())); }
  std::string message() const { return reconcile::compute_available(world.observe()).message; }

  World world{a_registry()};
};

TEST_F(Availability, ReadyPodsMakeItAvailable) {
  EXPECT_EQ(registry(), "True Available");
  EXPECT_EQ(buildkit(), "True Ready");
}

TEST_F(Availability, TheRegistryIsAvailableWhileTheSidecarIsNotReady) {
  make_unready();
  container(1).ready = false;
  EXPECT_EQ(registry(), "True Available");
  EXPECT_EQ(buildkit(), "False Starting");
}

TEST_F(Availability, ARegistryThatTheServiceDoesNotLeadToIsNotAvailable) {
  make_unready();
  container(1).ready = false;
  world.find<api::Service>()->spec.publish_not_ready_addresses = api::Switch::kOff;
  EXPECT_EQ(registry(), "False Deploying");
  pod_ready().status = "True";
  EXPECT_EQ(registry(), "True Available");
}

TEST_F(Availability, ACrashIsOneReasonUntilTheContainerIsReadyAgain) {
  make_unready();
  container().ready = false;
  container().state.terminated = {"Error", "", 2};
  EXPECT_EQ(registry(), "False CrashLoopBackOff") << "it has just ended";
  container().state = {};
  container().last_state.terminated = {"Error", "", 2};
  container().state.waiting = api::ContainerStateWaiting{"CrashLoopBackOff", "back-off 10s"};
  EXPECT_EQ(registry(), "False CrashLoopBackOff");
  container().state.waiting->reason = "RunContainerError";
  EXPECT_EQ(registry(), "False CrashLoopBackOff");
  container().state = {};
  container().state.running = api::ContainerStateRunning{world.now};
  EXPECT_EQ(registry(), "False CrashLoopBackOff") << "it runs for a moment";
  EXPECT_EQ(message(),
            "container registry keeps failing: exit code 2; see kubectl logs -c registry "
            "--previous");
  container().state.running->started_at = world.now - std::chrono::minutes(11);
  EXPECT_EQ(registry(), "False Deploying") << "the crash is long ago";
}

TEST_F(Availability, AnImageThatCannotBePulledIsNotCalledACrash) {
  make_unready();
  container().ready = false;
  container().last_state.terminated = {"Error", "", 2};
  container().state.waiting = api::ContainerStateWaiting{"ErrImagePull", "not found"};
  EXPECT_EQ(registry(), "False ImagePullBackOff");
}

TEST_F(Availability, OutOfMemoryIsAReasonWithItsRemedy) {
  make_unready();
  container(1).ready = false;
  container(1).last_state.terminated = {"OOMKilled", "some log", 137};
  for (const char* waits_for : {"CrashLoopBackOff", ""}) {
    container(1).state.waiting = api::ContainerStateWaiting{waits_for, "back-off 10s"};
    EXPECT_EQ(buildkit(), "False OOMKilled") << waits_for;
  }
  EXPECT_EQ(reconcile::compute_buildkit_ready(world.observe()).message,
            "container buildkitd keeps failing: it needs more memory than its limit; raise "
            "spec.buildKitResources.limits.memory");
}

TEST_F(Availability, TheLineOfTheLogThatExplainsTheEndIsQuoted) {
  make_unready();
  container().ready = false;
  const auto quoted = [&](const std::string& log) {
    container().last_state.terminated = {"Error", log, 1};
    const std::string text = message();
    const std::size_t begin = text.find("failing: ") + 9;
    return text.substr(begin, text.rfind("; see") - begin);
  };
  EXPECT_EQ(quoted("level=info starting\nlevel=fatal msg=\"bind: permission denied\"\nbye\n"),
            "level=fatal msg=\"bind: permission denied\"");
  EXPECT_EQ(quoted("panic: no such driver\n\ngoroutine 1 [running]:\n/go/errors/error.go:3\n"),
            "panic: no such driver");
  EXPECT_EQ(quoted("one\ttwo\x1b[0m\n"), "one two?[0m") << "on one line";
  EXPECT_EQ(quoted(std::string(300, 'x')), std::string(256 - 3, 'x') + "…");
}

TEST_F(Availability, AWorkloadWithoutReplicasIsNotStarting) {
  world.find<api::Deployment>()->spec.replicas = 0;
  workload().ready_replicas = workload().updated_replicas = 0;
  world.pods.clear();
  EXPECT_EQ(registry(), "False ScaledToZero");
  EXPECT_EQ(buildkit(), "False ScaledToZero");
}

TEST_F(Availability, TheSidecarIsReadyWhileTheRegistryIsNot) {
  make_unready();
  container(0).ready = false;
  EXPECT_EQ(registry(), "False Deploying");
  EXPECT_EQ(buildkit(), "True Ready");
}

TEST_F(Availability, AContainersWordDoesNotCountWhenItsNodeIsLost) {
  make_unready();
  pod_ready().reason = "NodeNotReady";
  EXPECT_EQ(registry(), "False Deploying");
  pod_ready().status = "Unknown";
  EXPECT_EQ(registry(), "False Deploying");
  pod().status.conditions.clear();
  EXPECT_EQ(registry(), "False Deploying");
}

TEST_F(Availability, NothingIsBelievedOfAnEarlierRollout) {
  ++world.find<api::Deployment>()->metadata.generation;
  EXPECT_EQ(registry(), "False Deploying");
  EXPECT_EQ(buildkit(), "False Starting");
  ++workload().observed_generation;
  EXPECT_EQ(registry(), "True Available");
  workload().updated_replicas = 0;
  EXPECT_EQ(registry(), "False Deploying");
}

TEST_F(Availability, WhatAContainerWaitsForIsTold) {
  make_unready();
  container().ready = false;
  container().state.waiting = api::ContainerStateWaiting{"CreateContainerConfigError", "why"};
  EXPECT_EQ(registry(), "False CreateContainerConfigError");
  EXPECT_EQ(message(), "why");
}

TEST_F(Availability, ThatAContainerIsBeingMadeIsNoReason) {
  make_unready();
  container().ready = false;
  for (const char* reason : {"ContainerCreating", "PodInitializing", ""}) {
    container().state.waiting = api::ContainerStateWaiting{reason, "x"};
    EXPECT_EQ(registry(), "False Deploying") << reason;
  }
}

TEST_F(Availability, BothWordsForAFailedPullAreOne) {
  make_unready();
  container().ready = false;
  container().state.waiting = api::ContainerStateWaiting{"ErrImagePull", "not found"};
  const std::string first = registry() + message();
  container().state.waiting = api::ContainerStateWaiting{
      "ImagePullBackOff", "Back-off pulling image \"x\": ErrImagePull: not found"};
  EXPECT_EQ(registry() + message(), first);
  EXPECT_EQ(registry(), "False ImagePullBackOff");
}

TEST_F(Availability, TheSecondsOfACrashLoopAreNotTold) {
  make_unready();
  container().ready = false;
  container().state.waiting = api::ContainerStateWaiting{"CrashLoopBackOff", "back-off 10s"};
  const std::string first = message();
  container().state.waiting->message = "back-off 20s";
  EXPECT_EQ(message(), first);
}

TEST_F(Availability, PodsThatAreOverOrGoingTellNothing) {
  make_unready();
  api::Pod next = pod();
  next.metadata.name = "registry-1";
  container().ready = false;
  pod().metadata.creation_timestamp = world.now + std::chrono::seconds(1);
  EXPECT_EQ(registry(), "False Deploying");
  for (const char* phase : {"Failed", "Succeeded"}) {
    pod().status.phase = phase;
    world.pods = {pod(), next};
    EXPECT_EQ(registry(), "True Available") << phase;
  }
  pod().status.phase = "Running";
  pod().metadata.deletion_timestamp = world.now;
  EXPECT_EQ(registry(), "True Available");
}

TEST_F(Availability, TheOrderOfThePodsDoesNotMatter) {
  make_unready();
  api::Pod next = pod();
  next.metadata.name = "registry-1";
  next.metadata.creation_timestamp = world.now + std::chrono::seconds(1);
  next.status.container_statuses[0].ready = false;
  world.pods.push_back(next);
  EXPECT_EQ(registry(), "False Deploying") << "the newest tells";
  std::swap(world.pods[0], world.pods[1]);
  EXPECT_EQ(registry(), "False Deploying");
}

TEST_F(Availability, PodsOfAnotherWorkloadTellNothing) {
  make_unready();
  pod().metadata.labels["app.kubernetes.io/instance"] = "registry-1";
  EXPECT_EQ(registry(), "False Deploying") << "of a Deployment registry-1, by its label";
  pod().metadata.labels["app.kubernetes.io/instance"] = "registry";
  EXPECT_EQ(registry(), "True Available");
  pod().metadata.namespace_name = "team-b";
  EXPECT_EQ(registry(), "False Deploying") << "of a Deployment of that name in another namespace";
  pod().metadata.namespace_name = "team-a";
  const std::string replica_set = pod().metadata.owner_references.front().name;
  pod().metadata.owner_references.front().name = "other-1";
  EXPECT_EQ(registry(), "False Deploying");
  pod().metadata.owner_references.front().name = replica_set;
  pod().metadata.owner_references.front().kind = "Job";
  EXPECT_EQ(registry(), "False Deploying");
  pod().metadata.owner_references.clear();
  EXPECT_EQ(registry(), "False Deploying");
}

TEST_F(Availability, AStatefulSetKnowsItsPodsByItsUid) {
  api::LocalRegistrySpec spec;
  spec.persistence.enabled = true;
  world.change_spec(spec);
  world.converge();
  auto& set = *world.find<api::StatefulSet>();
  set.status.ready_replicas = 0;
  world.find<api::Service>()->spec.publish_not_ready_addresses = api::Switch::kOn;
  pod_ready().status = "False";
  pod_ready().reason = "ContainersNotReady";
  EXPECT_EQ(registry(), "True Available");
  pod().metadata.owner_references.front() = {"apps/v1", "ReplicaSet", "registry-1", "x", {}, {}};
  EXPECT_EQ(registry(), "False Deploying") << "no ReplicaSet makes its pods";
}

TEST_F(Availability, WhatTheWorkloadSaysCountsWhileItsPodsAreNotSeen) {
  world.pods.clear();
  EXPECT_EQ(registry(), "True Available");
  EXPECT_EQ(buildkit(), "True Ready");
}

TEST_F(Availability, AReadyPodCountsBeforeTheWorkloadHasSeenIt) {
  workload().ready_replicas = 0;
  EXPECT_EQ(registry(), "True Available");
}

TEST_F(Availability, PodsThatCannotBeMadeAreTold) {
  world.pods.clear();
  workload().ready_replicas = workload().updated_replicas = 0;
  const auto say = [&](const char* why) {
    workload().conditions = {{"ReplicaFailure", "True", "FailedCreate", why, 0, {}}};
    return registry();
  };
  EXPECT_EQ(say("is forbidden: exceeded quota: tight"), "False QuotaExceeded");
  EXPECT_EQ(say("is forbidden: failed quota: tight: must specify limits.cpu for: registry"),
            "False QuotaExceeded");
  EXPECT_EQ(say("is forbidden: violates PodSecurity"), "False PodSecurity");
  EXPECT_EQ(say("is forbidden: by policy"), "False Forbidden");
  EXPECT_EQ(say("something else"), "False Failed");
  workload().conditions.front().status = "False";
  EXPECT_EQ(registry(), "False Deploying");
}

TEST_F(Availability, APodWithoutANodeIsTold) {
  make_unready();
  pod().status.container_statuses.clear();
  pod().status.conditions.push_back({"PodScheduled", "False", "Unschedulable", "no cpu", 0, {}});
  EXPECT_EQ(registry(), "False Unschedulable");
  EXPECT_EQ(message(), "no cpu");
  pod().status.conditions.back().status = "True";
  EXPECT_EQ(registry(), "False Deploying");
}

TEST_F(Availability, WithoutAServiceOrItsPortNobodyReachesIt) {
  world.find<api::Service>()->spec.ports.front().node_port = 0;
  EXPECT_EQ(registry(), "False Deploying");
  world.all<api::Service>().clear();
  EXPECT_EQ(registry(), "False Deploying");
  world.all<api::Deployment>().clear();
  EXPECT_EQ(registry(), "False Deploying");
}

TEST_F(Availability, ObjectsOfOthersAreNotOurs) {
  auto& meta = world.find<api::Deployment>()->metadata;
  meta.owner_references.clear();
  meta.labels.clear();
  EXPECT_EQ(registry(), "False Deploying");
}

TEST_F(Availability, TheWorkloadOfTheOtherKindIsNotTheOneAskedFor) {
  api::LocalRegistrySpec spec;
  spec.persistence.enabled = true;
  world.change_spec(spec);
  EXPECT_EQ(registry(), "False Deploying");
}

TEST_F(Availability, WhatIsNotWantedIsNotDeployed) {
  api::LocalRegistrySpec spec;
  spec.enabled = false;
  world.change_spec(spec);
  EXPECT_EQ(registry(), "True Available") << "it is still there";
  EXPECT_EQ(buildkit(), "True Ready");
  world.all<api::Deployment>().clear();
  EXPECT_EQ(registry(), "False NotDeployed");
  EXPECT_EQ(buildkit(), "False NotDeployed");
}

}  // namespace
}  // namespace test
