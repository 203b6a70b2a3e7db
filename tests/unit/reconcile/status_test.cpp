#include "reconcile/status/status.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

class Status : public testing::Test {
 protected:
  api::LocalRegistryStatus status() const {
    const reconcile::Observed observed = world.observe();
    return reconcile::compute_status(observed, reconcile::find_refusal(observed),
                                     {"True", "Converged", "as declared"}, "");
  }

  api::Condition condition_of(const char* type) const {
    return *api::find_condition(status().conditions, type);
  }

  void change(const std::function<void(api::LocalRegistrySpec&)>& edit) {
    api::LocalRegistrySpec spec = world.registry->spec;
    edit(spec);
    world.change_spec(spec);
  }

  void refuse(std::string message) {
    world.failures = {{ObjectRole::kDeployment, {base::ErrorCode::kForbidden, std::move(message)}}};
  }

  World world{a_registry()};
};

TEST_F(Status, EveryConditionIsThereWithTheGenerationThatWasSeen) {
  api::LocalRegistry registry = a_registry();
  registry.metadata.generation = 7;
  world.registry = std::make_shared<const api::LocalRegistry>(registry);
  EXPECT_EQ(status().observed_generation, 7);
  for (const char* type : {"Ready", "Accepted", "Available", "BuildKitReady", "StorageReady",
                           "UpToDate", "Converged"}) {
    EXPECT_EQ(condition_of(type).observed_generation, 7) << type;
    EXPECT_FALSE(condition_of(type).reason.empty()) << type;
    EXPECT_FALSE(condition_of(type).message.empty()) << type;
  }
  EXPECT_EQ(status().conditions.size(), 7U);
}

TEST_F(Status, AConditionKeepsItsTimeWhileItsStatusIsTheSame) {
  world.converge();
  const auto since = condition_of("Ready").last_transition_time;
  world.now += std::chrono::hours(1);
  EXPECT_EQ(condition_of("Ready").last_transition_time, since);
  refuse("no");
  EXPECT_EQ(condition_of("Ready").status, "False");
  EXPECT_EQ(condition_of("Ready").last_transition_time, world.now);
  EXPECT_EQ(condition_of("Available").last_transition_time, since) << "only its message differs";
}

TEST_F(Status, EachCrashAfterTheFirstOneWritesNothing) {
  world.converge();
  world.find<api::Deployment>()->status.ready_replicas = 0;
  api::Pod& pod = world.pods.front();
  pod.status.conditions.front() = {"Ready", "False", "ContainersNotReady", "", 0, world.now};
  api::ContainerStatus& sidecar = pod.status.container_statuses[1];
  sidecar.ready = false;
  sidecar.state.terminated = {"Error", "time=1 error: not permitted", 1};
  world.run();
  EXPECT_EQ(condition(world.registry->status, "Available"), "True Available");
  EXPECT_EQ(condition(world.registry->status, "BuildKitReady"), "False CrashLoopBackOff");
  const auto before = world.registry->status;
  for (int crash = 2; crash < 18; ++crash) {
    sidecar.restart_count = crash;
    sidecar.state = {};
    sidecar.last_state.terminated = {"Error", fmt::format("time={} error: other", crash), 1};
    sidecar.state.waiting = api::ContainerStateWaiting{"CrashLoopBackOff", "back-off"};
    EXPECT_EQ(world.run(), std::vector<std::string>());
    sidecar.state = {};
    sidecar.state.running = api::ContainerStateRunning{world.now};
    EXPECT_EQ(world.run(), std::vector<std::string>());
    sidecar.state = {};
    sidecar.state.terminated = {"Error", "", 137};
    EXPECT_EQ(world.run(), std::vector<std::string>());
  }
  EXPECT_EQ(world.registry->status, before);
}

TEST_F(Status, NumbersInTheWordsOfOtherProgramsAreNoReasonToWrite) {
  world.converge();
  world.find<api::Deployment>()->status.ready_replicas = 0;
  api::Pod& pod = world.pods.front();
  pod.status.conditions.front().status = "False";
  api::ContainerStatus& container = pod.status.container_statuses[0];
  container.ready = false;
  const auto pull = [&](const char* why) {
    container.state.waiting = api::ContainerStateWaiting{"ErrImagePull", why};
    return world.run();
  };
  EXPECT_FALSE(pull("read tcp 10.0.0.1:40001->10.0.0.2:443: i/o timeout").empty());
  EXPECT_EQ(pull("read tcp 10.0.0.1:40002->10.0.0.2:443: i/o timeout"), std::vector<std::string>());
  EXPECT_FALSE(pull("not found").empty());
}

TEST_F(Status, NothingIsCalledDeployingThatIsNotDeployed) {
  api::LocalRegistrySpec spec;
  spec.suspend = true;
  spec.persistence.enabled = true;
  world.change_spec(spec);
  for (const char* type : {"Available", "BuildKitReady", "StorageReady"}) {
    EXPECT_EQ(condition_of(type).reason, "NotDeployed") << type;
  }
  spec.suspend = false;
  spec.namespace_name = "missing";
  world.change_spec(spec);
  for (const char* type : {"Available", "BuildKitReady", "StorageReady"}) {
    EXPECT_EQ(condition_of(type).reason, "NotDeployed") << type;
  }
  EXPECT_NE(condition_of("Available").message.find("namespace missing does not exist"),
            std::string::npos);
}

TEST_F(Status, TimesAreWholeSeconds) {
  world.now += std::chrono::milliseconds(1500);
  EXPECT_EQ(condition_of("Ready").last_transition_time, at("2026-01-01T00:00:01Z"));
}

TEST_F(Status, ALongMessageIsCutWhereACharacterBegins) {
  refuse(std::string(2 * limits::kConditionMessageBytes, 'x'));
  EXPECT_EQ(condition_of("Available").message.size(), limits::kConditionMessageBytes);
  for (int shift = 0; shift < 3; ++shift) {
    std::string message(static_cast<std::size_t>(shift), 'x');
    while (message.size() < 2 * limits::kConditionMessageBytes) message += "…";
    refuse(message);
    const std::string cut = condition_of("Available").message;
    EXPECT_LE(cut.size(), limits::kConditionMessageBytes);
    EXPECT_GT(cut.size(), limits::kConditionMessageBytes - 4);
    EXPECT_EQ(cut.substr(cut.size() - 3), "…");
  }
}

TEST_F(Status, AMessageThatIsNotUtf8IsShownAsQuestionMarks) {
  world.converge();
  const std::string message(2 * limits::kConditionMessageBytes, '\x80');
  world.pods.front().status.container_statuses.front().state.waiting = {"X", message};
  EXPECT_EQ(condition_of("Available").message,
            std::string(limits::kConditionMessageBytes - 3, '?') + "…");
}

TEST_F(Status, NothingThatWasNotObservedIsCalledReady) {
  EXPECT_EQ(condition_of("Ready").status, "False");
  world.run();
  EXPECT_EQ(condition_of("Ready").status, "False") << "written, but not seen to run";
  world.settle();
  EXPECT_EQ(condition_of("Ready").status, "True");
  world.all<api::Service>().clear();
  EXPECT_EQ(condition_of("Ready").status, "False");
}

TEST_F(Status, AFailureIsInTheWayOfReadyThoughTheRegistryRuns) {
  world.converge();
  refuse("no");
  EXPECT_EQ(condition(status(), "Ready"), "False Forbidden");
  EXPECT_EQ(condition(status(), "Available"), "True Available");
  for (const ObjectRole role : {ObjectRole::kService, ObjectRole::kStatefulSet}) {
    world.failures.front().role = role;
    EXPECT_EQ(condition(status(), "Ready"), "False Forbidden") << reconcile::kind_name(role);
  }
}

TEST_F(Status, ARenamedRegistryIsNotJudgedByTheEarlierName) {
  world.converge();
  change([](auto& spec) { spec.name = "images"; });
  EXPECT_EQ(condition(status(), "Available"), "False Deploying");
}

TEST_F(Status, ARefusedRenameLeavesTheRegistryAndItsClaimAsTheyWere) {
  change([](auto& spec) { spec.persistence.enabled = true; });
  world.converge();
  change([](auto& spec) { spec.name = "images", spec.port = 0; });
  EXPECT_EQ(condition(status(), "Available"), "Unknown NotObserved");
  EXPECT_EQ(status().volume_claim, "registry");
  EXPECT_EQ(status().workload, "StatefulSet/registry");
  world.all<api::StatefulSet>().clear();
  world.all<api::PersistentVolumeClaim>().clear();
  EXPECT_EQ(condition(status(), "Available"), "Unknown NotObserved") << "its Service tells";
}

TEST_F(Status, AClaimThatIsLeftIsNoRegistry) {
  change([](auto& spec) { spec.persistence.enabled = true; });
  world.converge();
  change([](auto& spec) { spec.name = "images", spec.port = 0; });
  world.all<api::StatefulSet>().clear();
  world.all<api::Service>().clear();
  EXPECT_EQ(condition(status(), "Available"), "False NotDeployed");
}

TEST_F(Status, AStatefulSetThatHasToGoIsTheWorkloadUntilItGoes) {
  change([](auto& spec) { spec.persistence.enabled = true; });
  world.converge();
  EXPECT_EQ(status().workload, "StatefulSet/registry");
  change([](auto& spec) { spec.persistence.enabled = false; });
  EXPECT_EQ(status().workload, "StatefulSet/registry");
  world.converge();
  EXPECT_EQ(status().workload, "Deployment/registry");
}

TEST_F(Status, ADeploymentThatHasToGoIsTheWorkloadUntilItGoes) {
  world.converge();
  change([](auto& spec) { spec.persistence.enabled = true; });
  EXPECT_EQ(status().workload, "Deployment/registry");
  auto deployments = world.all<api::Deployment>();
  world.all<api::Deployment>().clear();
  EXPECT_EQ(status().workload, "Deployment/registry") << "it may only have lost its labels";
  world.live = true;
  EXPECT_EQ(status().workload, "") << "as was read, it is gone";
  deployments.begin()->second.object.metadata.deletion_timestamp = world.now;
  world.all<api::Deployment>() = deployments;
  EXPECT_EQ(status().workload, "");
}

TEST_F(Status, AWorkloadThatLosesItsLabelsWhileNothingIsHealedIsNotForgotten) {
  world.converge();
  change([](auto& spec) { spec.suspend = true; });
  world.all<api::Deployment>().clear();  // no cache shows the Deployment any more
  EXPECT_EQ(status().workload, "Deployment/registry");
  change([](auto& spec) { spec.suspend = false, spec.port = 0; });
  EXPECT_EQ(status().workload, "Deployment/registry");
}

TEST_F(Status, AWorkloadWhoseNamespaceIsGoneIsGoneToo) {
  world.converge();
  world.all<api::Deployment>().clear();
  EXPECT_EQ(status().workload, "Deployment/registry") << "it may have lost its labels";
  world.namespaces.clear();
  EXPECT_EQ(status().workload, "");
}

TEST_F(Status, AServiceThatIsGoingHasNoAddressButItsPortIsRemembered) {
  world.converge();
  world.find<api::Service>()->metadata.deletion_timestamp = world.now;
  EXPECT_EQ(status().cluster_url, "");
  EXPECT_EQ(status().node_port, 30000);
  EXPECT_EQ(status().url, "localhost:30000");
}

TEST_F(Status, ThePortOfAServiceThatMayBeThereIsNotForgottenWhenNoRegistryIsUsed) {
  world.converge();
  change([](auto& spec) { spec.enabled = false; });
  world.all<api::Service>().clear();  // no cache shows the Service any more
  EXPECT_EQ(status().node_port, 30000);
  EXPECT_EQ(status().url, "localhost:30000");
  EXPECT_EQ(status().cluster_url, "");
  world.live = true;
  EXPECT_EQ(status().node_port, 0) << "it is gone";
}

TEST_F(Status, ThePortIsToldAsSoonAsTheServiceHasIt) {
  world.run();
  EXPECT_EQ(world.registry->status.node_port, 30000);
  EXPECT_EQ(world.registry->status.url, "localhost:30000");
  EXPECT_EQ(world.registry->status.cluster_url, "registry.team-a.svc:5000");
  EXPECT_EQ(condition(world.registry->status, "Ready"), "False Deploying");
}

TEST_F(Status, ThePortIsForgottenWhenNoRegistryIsWanted) {
  world.converge();
  api::LocalRegistrySpec spec;
  spec.enabled = false;
  world.change_spec(spec);
  world.converge();
  EXPECT_EQ(world.registry->status.node_port, 0);
  EXPECT_EQ(world.registry->status.url, "");
  EXPECT_EQ(world.registry->status.cluster_url, "");
  EXPECT_EQ(world.registry->status.workload, "");
}

TEST_F(Status, TheOrderOfConditionsAndThoseOfOthersDoNotCount) {
  world.converge();
  const api::LocalRegistryStatus wanted = world.registry->status;
  api::LocalRegistryStatus existing = wanted;
  std::reverse(existing.conditions.begin(), existing.conditions.end());
  existing.conditions.push_back({"Other", "True", "X", "x", 1, world.now});
  EXPECT_TRUE(reconcile::is_equivalent(wanted, existing));
  existing.conditions.front().message = "another";
  EXPECT_FALSE(reconcile::is_equivalent(wanted, existing));
  existing = wanted;
  existing.conditions.pop_back();
  EXPECT_FALSE(reconcile::is_equivalent(wanted, existing));
  existing = wanted;
  existing.node_port = 0;
  EXPECT_FALSE(reconcile::is_equivalent(wanted, existing));
  existing = wanted;
  existing.workload = "StatefulSet/registry";
  EXPECT_FALSE(reconcile::is_equivalent(wanted, existing));
}

}  // namespace
}  // namespace test
