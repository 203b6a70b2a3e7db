// In these tests a policy or another client keeps changing a field. The operator stops healing that
// field, reports it in the status, and handles everything else as usual.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "reconcile/children/children.h"
#include "reconcile/status/reasons.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kImagePolicy =
    R"({"spec":{"template":{"spec":{"containers":{"registry":{"image":"harbor.test/reg"}}}}}})";

class Contest : public testing::Test {
 protected:
  void SetUp() override { world.manager = "scaler"; }

  void set_policy(const std::string& patch, ObjectRole role = ObjectRole::kDeployment) {
    world.policies[role] = from_json(patch);
  }

  // Lets time pass with reconciles every minute. Returns the number of writes to children, refused
  // ones included.
  std::size_t writes_within(std::chrono::minutes duration) {
    std::size_t writes = 0;
    for (auto passed = 0min; passed < duration; passed += 1min) {
      writes += count_writes(world.run());
      world.settle();
      advance(1min);
      if (each_minute) each_minute();
    }
    return writes;
  }

  void advance(std::chrono::minutes duration) {
    world.instant += duration;
    world.now += duration;
  }

  // Restarts the operator that many times, a minute apart. Returns the number of writes to
  // children.
  std::size_t writes_at_restarts(int restarts) {
    std::size_t writes = 0;
    for (int start = 0; start < restarts; ++start) {
      world.history = {};
      writes += count_writes(world.run());
      advance(1min);
    }
    return writes;
  }

  static std::size_t count_writes(const std::vector<std::string>& lines) {
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
          return line != "write the status" && !line.starts_with("note");
        }));
  }

  // Converges with persistence while a policy changes each new StatefulSet. Returns the set's uid.
  std::string uid_of_set_under(const std::string& policy) {
    api::LocalRegistrySpec spec;
    spec.persistence.enabled = true;
    world.change_spec(spec);
    set_policy(policy, ObjectRole::kStatefulSet);
    world.converge();
    return uid_of_set();
  }
  std::string uid_of_set() { return world.find<api::StatefulSet>()->metadata.uid; }

  std::string condition_of(const char* type) { return condition(world.registry->status, type); }
  std::string message() {
    return api::find_condition(world.registry->status.conditions, "Converged")->message;
  }
  std::string image() {
    return world.find<api::Deployment>()->spec.pod_template.spec.containers[0].image;
  }

  World world{a_registry()};
  std::function<void()> each_minute;
};

TEST_F(Contest, AnImageThatAPolicyRewritesIsWrittenOnceAndReported) {
  set_policy(kImagePolicy);
  world.converge();
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
  EXPECT_THAT(message(), HasSubstr("Deployment team-a/registry: "
                                   "spec.template.spec.containers[registry].image"));
  EXPECT_EQ(condition_of("Ready"), "True Ready") << "the cluster's owner wants that image";
  EXPECT_EQ(world.registry->status.node_port, 30000);
  EXPECT_EQ(image(), "harbor.test/reg");
  EXPECT_EQ(world.find<api::Deployment>()->metadata.generation, 1);
}

TEST_F(Contest, APodThatAPolicyChangesIsKeptWithItsImages) {
  set_policy(kImagePolicy);
  world.converge();
  ASSERT_EQ(condition_of("UpToDate"), "True UpToDate");
  const auto containers = [&] {
    return world.find<api::Deployment>()->spec.pod_template.spec.containers.size();
  };
  ASSERT_EQ(containers(), 2U);
  // Without the hold, the template would lose its BuildKit now, and the pod would be replaced.
  world.namespaces["team-a"].metadata.labels["pod-security.kubernetes.io/enforce"] = "baseline";
  EXPECT_LE(writes_within(60min), limits::kContestedWrites);
  EXPECT_EQ(containers(), 2U);
  EXPECT_EQ(condition_of("UpToDate").substr(0, 5), "False");
  world.history = {};  // a new process
  EXPECT_LE(writes_within(60min), limits::kContestedWrites);
  EXPECT_EQ(containers(), 2U);
}

TEST_F(Contest, AContestedObjectIsWrittenAtMostTenTimesInAnHour) {
  set_policy(kImagePolicy);
  world.converge();
  const std::size_t first = writes_within(60min);
  EXPECT_GE(first, 2U) << "it is tried again";
  EXPECT_LE(first, limits::kContestedWrites);
  EXPECT_LE(writes_within(120min), 3U) << "each hour once";
}

TEST_F(Contest, WhenThePolicyGoesTheSpecIsReached) {
  set_policy(kImagePolicy);
  world.converge();
  writes_within(180min);
  world.policies.clear();
  writes_within(61min);
  EXPECT_EQ(image(), "registry:2.8.1");
  EXPECT_EQ(condition_of("Converged"), "True Converged");
  EXPECT_TRUE(world.history.contests.empty());
  EXPECT_EQ(writes_within(60min), 0U);
}

TEST_F(Contest, AChangedSpecStillReachesTheObject) {
  set_policy(kImagePolicy);
  world.converge();
  api::LocalRegistrySpec spec = world.registry->spec;
  spec.resources.requests["cpu"] = {"100m"};
  world.change_spec(spec);
  const auto lines = world.run();
  EXPECT_EQ(count_writes(lines), 1U);
  const auto& container = world.find<api::Deployment>()->spec.pod_template.spec.containers[0];
  EXPECT_EQ(container.resources.requests.at("cpu"), api::Quantity{"100m"});
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
}

TEST_F(Contest, OtherFieldsOfTheObjectAreStillHealed) {
  set_policy(kImagePolicy);
  world.converge();
  world.find<api::Deployment>()->spec.replicas = 0;
  const auto lines = world.run();
  EXPECT_EQ(world.find<api::Deployment>()->spec.replicas, 1);
  ASSERT_EQ(count_writes(lines), 1U);
  EXPECT_THAT(lines[0], HasSubstr("spec.replicas")) << "the event names what was healed";
  world.all<api::Service>().clear();
  EXPECT_EQ(count_writes(world.run()), 1U) << "and so are other objects";
}

TEST_F(Contest, ARestartOfTheOperatorWritesNothing) {
  set_policy(kImagePolicy);
  world.converge();
  EXPECT_EQ(writes_at_restarts(20), 0U);
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
}

TEST_F(Contest, ARestartWritesNothingEitherWhenTheStatusDoesNotNameAllFields) {
  set_policy(
      R"({"metadata":{"labels":{"app.kubernetes.io/name":"x","app.kubernetes.io/component":"x"}},
                 "spec":{"revisionHistoryLimit":7,"template":{"spec":{"containers":{"registry":
                         {"image":"harbor.test/reg"}},"enableServiceLinks":true}}}})");
  world.converge();
  ASSERT_THAT(message(), HasSubstr("more fields"));
  EXPECT_EQ(writes_at_restarts(20), 0U);
}

TEST_F(Contest, AFieldThatIsHealedAgainAndAgainIsLeftToTheOther) {
  world.converge();
  each_minute = [&] { world.find<api::Deployment>()->spec.replicas = 0; };
  each_minute();
  EXPECT_LE(writes_within(60min), limits::kContestedWrites);
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
  EXPECT_THAT(message(), HasSubstr("spec.replicas is changed by field manager scaler"));
  each_minute = nullptr;
  writes_within(75min);
  EXPECT_EQ(world.find<api::Deployment>()->spec.replicas, 1);
  EXPECT_EQ(condition_of("Converged"), "True Converged");
}

TEST_F(Contest, FiveEditsByHandAreAllHealed) {
  world.converge();
  for (std::size_t i = 0; i + 1 < limits::kHealsInWindow; ++i) {
    world.find<api::Deployment>()->spec.replicas = 0;
    EXPECT_EQ(count_writes(world.run()), 1U);
  }
  EXPECT_EQ(condition_of("Converged"), "True Converged");
}

TEST_F(Contest, EveryFieldThatIsFoughtOverCountsTowardsTheSameBound) {
  world.converge();
  each_minute = [&] {
    world.find<api::Deployment>()->spec.replicas = 0;
    world.find<api::Deployment>()->spec.revision_history_limit = 7;
    world.find<api::Deployment>()->metadata.annotations.clear();
  };
  each_minute();
  EXPECT_LE(writes_within(60min), limits::kContestedWrites);
}

TEST_F(Contest, APolicyThatRemovesTheOwnAnnotationsIsNotFoughtOver) {
  set_policy(R"({"metadata":{"annotations":{"localregistry.dev/intent-hash":null}}})");
  world.converge();
  EXPECT_LE(writes_within(60min), limits::kContestedWrites);
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
}

// The selector is immutable, and the policy would extend it in each recreated Deployment too.
TEST_F(Contest, APolicyThatExtendsTheSelectorNeverCausesADelete) {
  set_policy(R"({"spec":{"selector":{"matchLabels":{"team":"a"}}}})");
  world.converge();
  const std::string uid = world.find<api::Deployment>()->metadata.uid;
  writes_within(180min);
  EXPECT_EQ(world.find<api::Deployment>()->metadata.uid, uid);
  EXPECT_THAT(message(), HasSubstr("spec.selector is changed by"));
  world.history = {};
  writes_within(60min);
  EXPECT_EQ(world.find<api::Deployment>()->metadata.uid, uid) << "nor does a restart";
}

TEST_F(Contest, APolicyThatSetsTheStrategyNeverCausesADelete) {
  set_policy(R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})");
  world.converge();
  const std::string uid = world.find<api::Deployment>()->metadata.uid;
  EXPECT_LE(writes_within(60min), limits::kContestedWrites);
  writes_within(120min);
  EXPECT_EQ(world.find<api::Deployment>()->metadata.uid, uid);
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
  world.policies.clear();
  writes_within(61min);
  EXPECT_EQ(world.find<api::Deployment>()->spec.strategy.type, "Recreate");
  EXPECT_EQ(condition_of("Converged"), "True Converged");
}

// The Service publishes a pod that is not ready while BuildKit keeps it from being ready. In each
// of these tests a policy changes the Service as well.
class ContestWithFlappingBuildKit : public Contest {
 protected:
  // BuildKit fails for the first `down` minutes of each `period`.
  void flap(std::chrono::minutes down, std::chrono::minutes period) {
    each_minute = [this, down, period, start = world.now] {
      set_buildkit_ready((world.now - start) % period >= down);
    };
  }

  void set_buildkit_ready(bool is_ready) {
    if (is_ready != was_ready_) changed_ = world.now;
    was_ready_ = is_ready;
    api::Pod& pod = world.pods.front();
    pod.status.conditions = {{"Ready", "True", "", "", 0, changed_}};
    if (!is_ready) pod.status.conditions = {{"Ready", "False", "ContainersNotReady", "", 0, {}}};
    api::ContainerStatus& buildkit = pod.status.container_statuses.at(1);
    buildkit.ready = is_ready;
    buildkit.state = {};
    if (!is_ready) buildkit.state.waiting = api::ContainerStateWaiting{"CrashLoopBackOff", ""};
  }

  bool publishes_not_ready() {
    return world.find<api::Service>()->spec.publish_not_ready_addresses == api::Switch::kOn;
  }

 private:
  bool was_ready_ = true;
  base::Time changed_;
};

TEST_F(ContestWithFlappingBuildKit, TheServiceIsWrittenAtMostTenTimesInAnHour) {
  set_policy(R"({"metadata":{"labels":{"app.kubernetes.io/name":"renamed"}}})",
             ObjectRole::kService);
  world.converge();
  flap(1min, limits::kSidecarUnpublishDelay / 1min * 1min + 3min);
  for (int hour = 0; hour < 6; ++hour) {
    EXPECT_LE(writes_within(60min), limits::kContestedWrites) << "in hour " << hour;
    EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
  }
  each_minute = [this] { set_buildkit_ready(true); };
  writes_within(75min);
  EXPECT_FALSE(publishes_not_ready()) << "the last state is reached all the same";
}

TEST_F(ContestWithFlappingBuildKit, APolicyOnThatFieldIsNotFoughtOver) {
  set_policy(R"({"spec":{"publishNotReadyAddresses":false}})", ObjectRole::kService);
  world.converge();
  for (const auto down : {1min, 4min, 7min}) {
    flap(down, down + limits::kSidecarUnpublishDelay / 1min * 1min + 1min);
    for (int hour = 0; hour < 3; ++hour) {
      EXPECT_LE(writes_within(60min), limits::kContestedWrites) << down.count() << " minutes down";
    }
  }
}

TEST_F(ContestWithFlappingBuildKit, AChangedSpecIsAppliedAtOnce) {
  set_policy(R"({"metadata":{"labels":{"app.kubernetes.io/name":"renamed"}}})",
             ObjectRole::kService);
  world.converge();
  flap(1min, limits::kSidecarUnpublishDelay / 1min * 1min + 3min);
  writes_within(120min);
  api::LocalRegistrySpec spec = world.registry->spec;
  spec.port = 5001;
  world.change_spec(spec);
  world.converge();
  EXPECT_EQ(world.find<api::Service>()->spec.ports.front().port, 5001);
}

// A Service may publish a pod that is ready for longer than it has to. A pod that no node can reach
// must not wait.
TEST_F(ContestWithFlappingBuildKit, AtTheBoundOfWritesThePodIsStillPublishedAtOnce) {
  set_policy(R"({"metadata":{"labels":{"app.kubernetes.io/name":"renamed"}}})",
             ObjectRole::kService);
  world.converge();
  const auto edit = [this](std::size_t i) {
    if (i % 2 == 0) world.find<api::Service>()->spec.selector["edited"] = "x";
    if (i % 2 == 1) world.find<api::Service>()->spec.type = "ClusterIP";
  };
  std::size_t writes = world.history.writes_to(ObjectRole::kService)->times.size();
  for (std::size_t i = 0; writes + limits::kContestedWritesReserved < limits::kContestedWrites;
       ++i) {
    edit(i);
    writes += writes_within(1min);
  }
  edit(0);
  ASSERT_EQ(writes_within(1min), 0U) << "no further write is allowed";
  set_buildkit_ready(false);
  EXPECT_EQ(writes_within(1min), 1U);
  EXPECT_TRUE(publishes_not_ready());
}

TEST_F(ContestWithFlappingBuildKit, AFightOverThePortsDoesNotKeepThePodFromBeingPublished) {
  world.converge();
  bool is_ready = true;
  each_minute = [&] {
    world.find<api::Service>()->spec.ports.front().port = 80;
    set_buildkit_ready(is_ready);
  };
  each_minute();
  writes_within(45min);
  ASSERT_EQ(writes_within(1min), 0U) << "no further write is allowed";
  is_ready = false;
  writes_within(2min);
  EXPECT_TRUE(publishes_not_ready());
}

// To publish a pod that is ready does no harm, and leaves a write for the next failure.
TEST_F(ContestWithFlappingBuildKit, AtTheBoundOfWritesTheServiceGoesOnPublishing) {
  world.converge();
  bool is_ready = false;
  each_minute = [&] { set_buildkit_ready(is_ready); };
  each_minute();
  writes_within(2min);
  ASSERT_TRUE(publishes_not_ready());
  is_ready = true;
  writes_within(limits::kSidecarUnpublishDelay / 1min * 1min);
  ASSERT_TRUE(publishes_not_ready());
  const api::Service wanted = reconcile::build_service(*world.registry, 30000, true);
  world.history.writes = {
      {ObjectRole::kService, reconcile::fingerprint_of(wanted), {9, world.instant}}};
  EXPECT_EQ(writes_within(58min), 0U);
  EXPECT_TRUE(publishes_not_ready());
  EXPECT_EQ(condition_of("Converged"), "True Converged");
  writes_within(4min);
  EXPECT_FALSE(publishes_not_ready());
}

// The operator's own change of the Service is no contest.
TEST_F(ContestWithFlappingBuildKit, AfterAFightOverAnotherFieldThePodIsPublishedEachTimeAtOnce) {
  world.converge();
  each_minute = [this] { world.find<api::Service>()->spec.type = "ClusterIP"; };
  each_minute();
  writes_within(26min);
  each_minute = nullptr;
  writes_within(26min);
  ASSERT_EQ(condition_of("Converged"), "True Converged");
  bool is_ready = true;
  each_minute = [&] { set_buildkit_ready(is_ready); };
  for (int i = 0; i < 6; ++i) {
    is_ready = false;
    writes_within(2min);
    EXPECT_TRUE(publishes_not_ready()) << "failure " << i;
    is_ready = true;
    writes_within(limits::kSidecarUnpublishDelay / 1min * 1min + 2min);
    EXPECT_EQ(condition_of("Converged"), "True Converged") << message();
  }
  writes_within(60min);
  EXPECT_FALSE(publishes_not_ready());
}

// An apply would keep the other client's port, and two ports cannot have one name.
TEST_F(Contest, PortsThatAnotherClientSetsAgainAndAgainAreLeftToIt) {
  world.converge();
  each_minute = [&] { world.find<api::Service>()->spec.ports.front().port = 80; };
  each_minute();
  EXPECT_LE(writes_within(60min), limits::kContestedWrites);
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
  EXPECT_THAT(message(),
              HasSubstr("Service team-a/registry: spec.ports is changed by field manager scaler"));
  world.history = {};
  EXPECT_LE(writes_within(60min), limits::kContestedWrites) << "after a restart too";
  EXPECT_EQ(world.registry->status.node_port, 30000);
  each_minute = nullptr;
  writes_within(75min);
  ASSERT_EQ(world.find<api::Service>()->spec.ports.size(), 1U);
  EXPECT_EQ(world.find<api::Service>()->spec.ports.front().port, 5000);
  EXPECT_EQ(world.find<api::Service>()->spec.ports.front().node_port, 30000);
  EXPECT_EQ(condition_of("Converged"), "True Converged");
}

// Without the intent hash, only a refused apply shows that the port is another client's.
TEST_F(Contest, PortsWithoutTheIntentHashAreLeftToTheOtherClientToo) {
  world.converge();
  each_minute = [&] {
    world.find<api::Service>()->spec.ports.front().port = 80;
    world.find<api::Service>()->metadata.annotations.erase("localregistry.dev/intent-hash");
  };
  each_minute();
  EXPECT_LE(writes_within(60min), 3 * limits::kContestedWrites) << "with refused ones and resets";
  EXPECT_LE(writes_within(60min), 6U);
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
  EXPECT_THAT(message(), HasSubstr("spec.ports"));
}

TEST_F(Contest, APolicyThatMovesThePortIsNotFoughtOver) {
  set_policy(R"({"spec":{"ports":[{"name":"registry","port":80,"nodePort":30000}]}})",
             ObjectRole::kService);
  world.converge();
  EXPECT_LE(writes_within(60min), limits::kContestedWrites);
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
  world.policies.clear();
  writes_within(61min);
  EXPECT_EQ(world.find<api::Service>()->spec.ports.front().port, 5000);
  EXPECT_EQ(condition_of("Converged"), "True Converged");
}

TEST_F(Contest, AStrategyThatAnotherClientSetsAgainAndAgainIsLeftToIt) {
  world.converge();
  each_minute = [&] {
    world.find<api::Deployment>()->spec.strategy = {"RollingUpdate", {R"({"maxSurge":1})"}};
  };
  each_minute();
  EXPECT_LE(writes_within(60min), limits::kContestedWrites);
  EXPECT_LE(writes_within(60min), 3U) << "both fields of the strategy are contested";
  EXPECT_THAT(message(),
              AllOf(HasSubstr("spec.strategy.type"), HasSubstr("spec.strategy.rollingUpdate")));
  each_minute = nullptr;
  writes_within(75min);
  EXPECT_EQ(condition_of("Converged"), "True Converged");
}

// An apply of the intent is refused because of the edit, so that the object has to be recreated.
TEST_F(Contest, AServiceThatHasToBeRecreatedAgainAndAgainIsLeftToTheOther) {
  world.converge();
  each_minute = [&] {
    if (auto* service = world.find<api::Service>()) {
      service->spec.type = "ClusterIP";
      service->metadata.owner_references.push_back({"v1", "Pod", "x", "uid-x", true, true});
    }
  };
  each_minute();
  EXPECT_LE(writes_within(60min), 3 * limits::kContestedWrites) << "refused, deleted and created";
  EXPECT_LE(writes_within(60min), 6U);
  EXPECT_EQ(condition_of("Converged"), "False FieldOverridden");
  each_minute = nullptr;
  writes_within(75min);
  EXPECT_EQ(world.find<api::Service>()->spec.type, "NodePort");
  EXPECT_EQ(world.find<api::Service>()->spec.ports.front().node_port, 30000);
  EXPECT_EQ(condition_of("Converged"), "True Converged");
}

// At the retry the API server rejects the change of an immutable field. Even then the StatefulSet
// is not deleted.
TEST_F(Contest, AnImmutableFieldThatAPolicySetAtCreationNeverCausesADelete) {
  const std::string uid = uid_of_set_under(R"({"spec":{"serviceName":"other"}})");
  world.policies.clear();  // from now on the apply is refused
  writes_within(180min);
  EXPECT_EQ(uid_of_set(), uid);
}

TEST_F(Contest, APodManagementPolicyThatAPolicySetsNeverCausesADeleteAtARetryEither) {
  const std::string uid = uid_of_set_under(R"({"spec":{"podManagementPolicy":"OrderedReady"}})");
  writes_within(180min);
  EXPECT_EQ(uid_of_set(), uid);
}

TEST_F(Contest, AFieldThatTheOtherClientLeavesAloneIsHealedAtOnceAgainWhileAPolicyStays) {
  set_policy(kImagePolicy);
  world.converge();
  each_minute = [&] { world.find<api::Deployment>()->spec.replicas = 0; };
  each_minute();
  writes_within(20min);
  ASSERT_THAT(message(), HasSubstr("spec.replicas is changed by field manager scaler"));
  each_minute = nullptr;
  writes_within(180min);
  EXPECT_THAT(message(), Not(HasSubstr("spec.replicas")));
  EXPECT_THAT(message(), HasSubstr(".image is changed by"));
  world.find<api::Deployment>()->spec.replicas = 0;
  EXPECT_EQ(writes_within(1min), 1U);
  EXPECT_EQ(world.find<api::Deployment>()->spec.replicas, 1);
}

TEST_F(Contest, AChangedSpecReachesADeploymentWhoseStrategyAPolicySets) {
  set_policy(R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})");
  world.converge();
  api::LocalRegistrySpec spec = world.registry->spec;
  spec.resources.requests["cpu"] = {"100m"};
  world.change_spec(spec);
  EXPECT_LE(count_writes(world.run()), 3U);
  const auto& container = world.find<api::Deployment>()->spec.pod_template.spec.containers[0];
  EXPECT_EQ(container.resources.requests.at("cpu"), api::Quantity{"100m"});
}

// For example a node port that is taken: it is tried every 30 seconds.
TEST_F(Contest, AFailedWriteOfAnotherIntentDoesNotDelayTheRetry) {
  reconcile::record_write(world.history,
                          {ObjectRole::kService, 1, {}, {"spec.type"}, world.instant});
  const auto retry = world.history.find(ObjectRole::kService)->retry;
  reconcile::record_failed_write(world.history, ObjectRole::kService, 2, world.instant + 1min);
  EXPECT_EQ(world.history.find(ObjectRole::kService)->retry, retry);
  reconcile::record_failed_write(world.history, ObjectRole::kService, 1, world.instant + 1min);
  EXPECT_GT(world.history.find(ObjectRole::kService)->retry, retry);
}

// Otherwise the writes of an object whose spec changes often would never be forgotten.
TEST_F(Contest, AfterItsEndOrdinaryWritesDoNotCount) {
  const auto write = [&](std::size_t intent, std::vector<std::string> overridden) {
    world.instant += 1s;
    reconcile::record_write(
        world.history, {ObjectRole::kService, intent, {}, std::move(overridden), world.instant});
  };
  write(1, {"spec.type"});
  write(1, {});
  const auto writes = world.history.writes_to(ObjectRole::kService)->times.size();
  for (std::size_t i = 2; i < 20; ++i) write(i, {});
  EXPECT_EQ(world.history.writes_to(ObjectRole::kService)->times.size(), writes);
}

// A contest that ends leaves the heals of its own fields behind. Writes that changed other fields
// of the object do not count for them.
TEST_F(Contest, OneThatEndedCountsOnlyTheWritesThatChangedTheField) {
  reconcile::WriteHistory& history = world.history;
  const auto write = [&](std::vector<std::string> healed, std::vector<std::string> overridden) {
    world.instant += 1s;
    reconcile::record_write(history, {ObjectRole::kService, 1, std::move(healed),
                                      std::move(overridden), world.instant});
  };
  write({}, {"spec.type"});
  for (std::size_t i = 0; i < limits::kHealsInWindow; ++i) {
    write({"spec.selector"}, {"spec.type", "spec.ports"});
  }
  reconcile::record_contest(
      history, {ObjectRole::kService, 1, {{"metadata.labels[team]", "x"}}, 1ms, world.instant});
  reconcile::end_contest(history, ObjectRole::kService);
  const auto is_healed_too_often = [&](const char* path) {
    return reconcile::is_healed_too_often(history, ObjectRole::kService, 1, path, world.instant);
  };
  EXPECT_TRUE(is_healed_too_often("spec.type"));
  EXPECT_TRUE(is_healed_too_often("spec.selector"));
  EXPECT_FALSE(is_healed_too_often("metadata.labels[team]"));
  reconcile::record_contest(
      history,
      {ObjectRole::kService, 1, {{"spec.type", ""}, {"spec.selector", "x"}}, 1ms, world.instant});
  const reconcile::FieldContest* contest = history.find(ObjectRole::kService);
  ASSERT_NE(contest, nullptr);
  EXPECT_TRUE(contest->find("spec.type")->by_answer) << "so the Service is not recreated";
  EXPECT_FALSE(contest->find("spec.selector")->by_answer);
  EXPECT_GE(history.writes_to(ObjectRole::kService)->times.size(), limits::kHealsInWindow)
      << "they count for the new contest";
}

TEST_F(Contest, WhatIsRememberedIsBounded) {
  for (int i = 0; i < 1000; ++i) {
    reconcile::record_write(world.history, {ObjectRole::kDeployment,
                                            1,
                                            {"spec.field" + std::to_string(i)},
                                            {"spec.other" + std::to_string(i)},
                                            world.instant});
    reconcile::record_contest(
        world.history,
        {ObjectRole::kDeployment, 1, {{"spec.more" + std::to_string(i), "x"}}, 1ms, world.instant});
  }
  const std::string path = "spec." + std::string(500, 'x');
  reconcile::record_write(world.history,
                          {ObjectRole::kDeployment, 1, {path}, {path, path + "y"}, world.instant});
  const reconcile::FieldContest* contest = world.history.find(ObjectRole::kDeployment);
  ASSERT_TRUE(contest != nullptr && contest->find(path) && contest->find(path + "y"));
  EXPECT_NE(contest->find(path), contest->find(path + "y"));
  EXPECT_EQ(contest->find(path + "z"), nullptr);
  for (const reconcile::ContestedField& field : contest->fields) {
    EXPECT_LE(field.path.size(), limits::kOverriddenBytes);
  }
  EXPECT_LE(world.history.healed.size(), limits::kHealedFields);
  ASSERT_EQ(world.history.contests.size(), 1U);
  EXPECT_LE(world.history.contests[0].fields.size(), limits::kContestedFields);
  ASSERT_EQ(world.history.writes.size(), 1U);
  EXPECT_LE(world.history.writes[0].times.size(), limits::kContestedWrites);
}

}  // namespace
}  // namespace test
