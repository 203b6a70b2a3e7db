#include "operator/controller.h"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "base/limits.h"
#include "sim/answers.h"
#include "unit/operator/fake_push_checker.h"
#include "unit/operator/fixture.h"

namespace test {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Counts keeps how many reconciles had each outcome.
struct Counts final : runtime::RunnerObserver {
  void reconciled(runtime::ReconcileOutcome outcome, Duration) override { ++outcomes[outcome]; }

  std::map<runtime::ReconcileOutcome, int> outcomes;
};

class ControllerTest : public OperatorTest {
 protected:
  void start(const std::vector<std::string>& watch_namespaces = {}) {
    watch(watch_namespaces);
    recorder = std::make_unique<kube::EventRecorder>(environment(), "pod");
    controller = std::make_unique<controller::Controller>(environment(), *caches, *recorder, counts,
                                                          checker, 2);
    world.start(recorder->run());
    running = &world.start(controller->run());
    rest();
  }

  // Lets time pass, during which the watches deliver their events.
  void rest(base::Clock::Duration duration = 1s) {
    settle();
    const auto step = std::chrono::milliseconds(100);
    for (auto passed = base::Clock::Duration(); passed < duration; passed += step) {
      world.run_for(step);
      settle();
    }
  }

  // Updates the Deployment's status as the workload controllers and the kubelet do.
  void run_pods() {
    api::Deployment deployment = *cluster.find<api::Deployment>(kTarget);
    deployment.status.observed_generation = deployment.metadata.generation;
    deployment.status.replicas = 1;
    deployment.status.updated_replicas = deployment.status.ready_replicas = 1;
    cluster.put(deployment);
    rest();
  }

  void edit(const std::function<void(api::LocalRegistrySpec&)>& change,
            const api::ObjectKey& key = {"team-a", "dev"}) {
    api::LocalRegistry registry = *cluster.find<api::LocalRegistry>(key);
    change(registry.spec);
    cluster.put(registry);
  }

  void put_kind_node() {
    api::Node node;
    node.metadata.name = "n";
    node.spec.provider_id = "kind://docker/kind/kind-control-plane";
    cluster.put(node);
  }

  // Calls `something` while the first request with the line `awaited` is in flight.
  void during_first(const std::string& awaited, const std::function<void()>& something) {
    cluster.intercept = [awaited, something,
                         done = false](const std::string& line) mutable -> Cluster::Answer {
      if (line == awaited && !std::exchange(done, true)) something();
      return std::nullopt;
    };
  }

  static std::string condition_text(const api::LocalRegistry& registry, const char* type) {
    const auto* condition = api::find_condition(registry.status.conditions, type);
    return condition == nullptr ? "" : condition->status + " " + condition->reason;
  }

  std::string ready(const api::ObjectKey& key = {"team-a", "dev"}) const {
    return condition_text(*cluster.find<api::LocalRegistry>(key), "Ready");
  }

  std::string converged() const {
    return condition_text(*cluster.find<api::LocalRegistry>(kDev), "Converged");
  }

  std::size_t writes_to(const std::string& line) const {
    const auto writes = cluster.writes();
    return static_cast<std::size_t>(std::count(writes.begin(), writes.end(), line));
  }

  std::size_t events_with(const std::string& text) const {
    const auto events = cluster.events();
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(),
                      [&](const auto& body) { return body.find(text) != std::string::npos; }));
  }

  Counts counts;
  FakePushChecker checker{world.executor(), world.clock};
  std::unique_ptr<kube::EventRecorder> recorder;
  std::unique_ptr<controller::Controller> controller;
  support::Running* running = nullptr;
};

TEST_F(ControllerTest, AResourceGetsItsObjectsAndItsPortInThreeWrites) {
  cluster.put(a_registry());
  start();
  EXPECT_THAT(cluster.writes(), UnorderedElementsAre("PATCH deployments team-a/registry",
                                                     "PATCH services team-a/registry",
                                                     "PATCH localregistries/status team-a/dev"));
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.node_port, node_port());
  EXPECT_EQ(ready(), "False Deploying");
  run_pods();
  EXPECT_EQ(ready(), "True Ready");
  ASSERT_EQ(controller->count_resources().size(), 1U);
  EXPECT_EQ(controller->count_resources()[0].delivery, "LocalRegistry");
  EXPECT_EQ(controller->count_resources()[0].ready, "True");
  EXPECT_EQ(controller->count_resources()[0].count, 1U);
  EXPECT_EQ(controller->queue_state()->depth, 0U);
  EXPECT_EQ(events_with("Created"), 1U);
  EXPECT_EQ(events_with("PortAssigned"), 0U) << "it is told with the creation";
}

TEST_F(ControllerTest, ItsOwnWritesAskForNoOtherReconcile) {
  cluster.put(a_registry());
  start();
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.node_port, node_port());
  EXPECT_EQ(counts.outcomes[runtime::ReconcileOutcome::kSuccess], 1);
}

TEST_F(ControllerTest, AFieldThatAPolicyRewritesIsReportedAndNotFoughtOver) {
  cluster.mutate<api::Deployment>([](api::Deployment& deployment) {
    deployment.spec.pod_template.spec.containers[0].image = "harbor.test/registry";
  });
  cluster.put(a_registry());
  start();
  EXPECT_THAT(cluster.writes(), UnorderedElementsAre("PATCH deployments team-a/registry",
                                                     "PATCH services team-a/registry",
                                                     "PATCH localregistries/status team-a/dev"));
  run_pods();
  rest(10s);
  EXPECT_EQ(ready(), "True Ready");
  EXPECT_EQ(converged(), "False FieldOverridden");
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.node_port, node_port());
  EXPECT_EQ(events_with("FieldOverridden"), 1U);
  EXPECT_EQ(events_with("Healed"), 0U);
  EXPECT_EQ(controller->contested_objects(), 1U);
  cluster.erase<api::LocalRegistry>(kDev);
  rest();
  EXPECT_EQ(controller->contested_objects(), 0U);
}

TEST_F(ControllerTest, TheStatusIsWrittenThoughAChildKeepsChanging) {
  cluster.put(a_registry());
  cluster.answer("PATCH deployments team-a/registry",
                 sim::failure(409, "Conflict", "the object has been modified"));
  start();
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.node_port, node_port());
  EXPECT_EQ(converged(), "False Applying");
}

TEST_F(ControllerTest, TheStatusIsWrittenThoughTheChildrenCannotBeRead) {
  cluster.put(a_registry());
  // The generation becomes 2; therefore its children are read before it is acted on.
  edit([](auto& spec) { spec.image = "registry:3"; });
  cluster.answer("GET statefulsets team-a/registry", sim::failure(403, "Forbidden", "no rights"));
  start();
  EXPECT_EQ(converged(), "False Forbidden");
  EXPECT_EQ(ready(), "False Forbidden");
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.observed_generation, 0)
      << "the spec was not acted on";
  cluster.intercept = nullptr;
  rest(60s);
  EXPECT_EQ(converged(), "True Converged");
}

TEST_F(ControllerTest, AFinalizerThatAPolicyRemovesIsNotFoughtOver) {
  api::LocalRegistry registry = a_registry();
  registry.spec.namespace_name = "shared";
  cluster.put(registry);
  api::Namespace shared = a_namespace("shared");
  shared.metadata.annotations = {{"localregistry.dev/allow-from", "team-a"}};
  cluster.put(shared);
  cluster.mutate<api::LocalRegistry>(
      [](api::LocalRegistry& written) { written.metadata.finalizers.clear(); });
  start();
  rest(60s);
  EXPECT_LE(writes_to("PATCH localregistries team-a/dev"), 2U);
  EXPECT_EQ(converged(), "False FieldOverridden");
  EXPECT_EQ(cluster.find<api::Deployment>({"shared", "registry"}), nullptr)
      << "nothing would ever remove it";
}

TEST_F(ControllerTest, AStatusThatAnotherClientOverwritesIsPutRight) {
  cluster.put(a_registry());
  start();
  api::LocalRegistry registry = *cluster.find<api::LocalRegistry>(kDev);
  registry.status = {};
  cluster.put(registry);
  rest();
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.node_port, node_port());
  EXPECT_EQ(ready(), "False Deploying");
}

TEST_F(ControllerTest, WhatHasConvergedIsNeitherWrittenNorRead) {
  cluster.put(a_registry());
  start();
  run_pods();
  cluster.forget_requests();
  rest(10min);
  EXPECT_THAT(cluster.requests(), IsEmpty());
}

TEST_F(ControllerTest, AnImageThatCannotBePushedGetsARegistryOnceThatIsKnown) {
  api::LocalRegistry registry = a_registry();
  registry.spec.images = {{"backend", "ghcr.io/org/image", {}}};
  cluster.put(registry);
  start();
  EXPECT_EQ(ready(), "False CheckingPush");
  EXPECT_THAT(cluster.writes(), ElementsAre("PATCH localregistries/status team-a/dev"));
  checker.say("ghcr.io/org/image", registry::Answer::kDenied, "no");
  rest();
  EXPECT_EQ(ready(), "False Deploying");
  const auto& status = cluster.find<api::LocalRegistry>(kDev)->status;
  ASSERT_EQ(status.images.size(), 1U);
  EXPECT_EQ(status.images[0].resolved, fmt::format("localhost:{}/org/image", node_port()));
  EXPECT_EQ(status.images[0].message, "no");
  EXPECT_EQ(events_with("DeliveryDecided"), 1U);
}

TEST_F(ControllerTest, ADeniedImageIsAskedForAgainWithoutAWriteAndStaysWhenItIsGranted) {
  api::LocalRegistry registry = a_registry();
  registry.spec.images = {{"backend", "ghcr.io/org/image", {}}};
  checker.say("ghcr.io/org/image", registry::Answer::kDenied, "no");
  cluster.put(registry);
  start();
  run_pods();
  cluster.forget_requests();
  rest(31min);
  EXPECT_EQ(checker.asked.size(), 4U);
  EXPECT_THAT(cluster.requests(), IsEmpty());
  checker.say("ghcr.io/org/image", registry::Answer::kGranted, "yes");
  rest(11min);
  EXPECT_THAT(cluster.writes(), ElementsAre("PATCH localregistries/status team-a/dev"));
  EXPECT_NE(cluster.find<api::Service>(kTarget), nullptr);
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.images[0].push_permission,
            api::PushPermission::kGranted);
  rest(60min);
  EXPECT_EQ(checker.asked.size(), 5U) << "what is granted is not asked for again";
}

TEST_F(ControllerTest, ARestartWritesNothing) {
  cluster.put(a_registry());
  start();
  run_pods();
  world.stop();
  controller.reset();
  recorder.reset();
  transport.sent.clear();
  start();
  EXPECT_THAT(cluster.requests(), IsEmpty());
  EXPECT_THAT(cluster.events(), IsEmpty());
}

TEST_F(ControllerTest, ADeletedServiceComesBackWithItsPort) {
  cluster.put(a_registry());
  start();
  run_pods();
  const int port = node_port();
  cluster.erase<api::Service>(kTarget);
  rest();
  ASSERT_NE(cluster.find<api::Service>(kTarget), nullptr);
  EXPECT_EQ(node_port(), port);
  EXPECT_EQ(events_with("recreated after deletion"), 1U);
}

TEST_F(ControllerTest, AChangeByHandIsChangedBack) {
  cluster.put(a_registry());
  start();
  run_pods();
  api::Deployment deployment = *cluster.find<api::Deployment>(kTarget);
  deployment.spec.replicas = 3;
  cluster.put(deployment);
  rest();
  EXPECT_EQ(cluster.find<api::Deployment>(kTarget)->spec.replicas, 1);
  EXPECT_EQ(events_with("restored spec.replicas"), 1U);
}

TEST_F(ControllerTest, AForeignObjectIsReportedAndReadAgain) {
  cluster.put(foreign(reconcile::build_service(a_registry(), 0)));
  cluster.put(a_registry());
  start();
  EXPECT_EQ(ready(), "False NameConflict");
  EXPECT_EQ(cluster.find<api::Deployment>(kTarget), nullptr) << "what was begun is undone";
  EXPECT_EQ(events_with("Refused"), 1U);
  cluster.erase<api::Service>(kTarget);
  rest(limits::kConflictCheck + 1s);
  EXPECT_EQ(ready(), "False Deploying");
  ASSERT_NE(cluster.find<api::Service>(kTarget), nullptr);
  EXPECT_EQ(cluster.find<api::Service>(kTarget)->spec.type, "NodePort");
}

TEST_F(ControllerTest, OfTwoResourcesOfOneNameTheSecondWaitsForTheFirst) {
  cluster.put(a_registry());
  start();
  api::LocalRegistry second = a_registry();
  second.metadata.name = "second";
  cluster.put(second);
  rest();
  const api::ObjectKey key = {"team-a", "second"};
  EXPECT_EQ(ready(key), "False NameConflict");
  cluster.erase<api::LocalRegistry>(kDev);
  rest();
  EXPECT_EQ(ready(key), "False Deploying");
}

TEST_F(ControllerTest, AForgedChildInAnotherNamespaceCausesNoWriteNoEventAndNoReconcile) {
  cluster.put(a_namespace("team-c"));
  cluster.put(a_registry());
  start();
  run_pods();
  cluster.forget_requests();
  const std::size_t events = cluster.events().size();
  const auto before = counts.outcomes;
  for (int i = 0; i < 5; ++i) {
    api::Service forged = reconcile::build_service(*cluster.find<api::LocalRegistry>(kDev), 0);
    forged.metadata.name = "forged-" + std::to_string(i);
    forged.metadata.namespace_name = "team-c";
    forged.metadata.owner_references.clear();
    cluster.put(forged);
    rest();
    EXPECT_NE(cluster.find<api::Service>({"team-c", forged.metadata.name}), nullptr);
  }
  EXPECT_THAT(cluster.requests(), IsEmpty());
  EXPECT_EQ(cluster.events().size(), events);
  EXPECT_EQ(counts.outcomes, before);
  EXPECT_TRUE(cluster.find<api::LocalRegistry>(kDev)->metadata.finalizers.empty());
}

TEST_F(ControllerTest, AYoungerResourceOfTheSameSecondWritesNothingOfItsOwn) {
  api::LocalRegistry first = a_registry();
  first.metadata.name = "first";
  first = cluster.put(first);
  api::LocalRegistry second = a_registry();
  second.metadata.name = "second";
  second.spec.persistence.enabled = true;
  second.spec.persistence.when_deleted = api::RetentionPolicy::kDelete;
  // A rule by uid would prefer the second resource.
  while (cluster.put(second).metadata.uid > first.metadata.uid) {
    cluster.erase<api::LocalRegistry>({"team-a", "second"});
  }
  start();
  EXPECT_EQ(ready({"team-a", "second"}), "False NameConflict");
  EXPECT_EQ(ready({"team-a", "first"}), "False Deploying");
  EXPECT_TRUE(cluster.find<api::LocalRegistry>({"team-a", "second"})->metadata.finalizers.empty());
  EXPECT_EQ(cluster.find<api::Service>(kTarget)->metadata.labels.at("localregistry.dev/owner-uid"),
            first.metadata.uid);
}

TEST_F(ControllerTest, AYoungerResourceWaitsForTheCheckOfTheOlderOne) {
  api::LocalRegistry first = a_registry();
  first.metadata.name = "first";
  first.spec.images = {{"a", "ghcr.io/acme/a", {}}};
  cluster.put(first);
  cluster.put(a_registry());  // it has no images, so its decision needs no check
  start();
  EXPECT_EQ(ready(), "False NameConflict");
  EXPECT_EQ(cluster.find<api::Service>(kTarget), nullptr);
}

TEST_F(ControllerTest, AServiceThatCannotComeBackNamesNoPortAndComesBackWithIt) {
  cluster.put(a_registry());
  start();
  run_pods();
  cluster.answer("PATCH services team-a/registry",
                 sim::failure(403, "Forbidden", "Services of type NodePort are not allowed"));
  const int port = node_port();
  cluster.erase<api::Service>(kTarget);
  rest();
  const api::LocalRegistryStatus& status = cluster.find<api::LocalRegistry>(kDev)->status;
  EXPECT_EQ(status.node_port, 0);
  EXPECT_EQ(status.url, "");
  EXPECT_EQ(status.last_node_port, port);
  cluster.intercept = nullptr;
  rest(limits::kRefusedRetry + 1s);
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.node_port, port);
  EXPECT_EQ(events_with("PortChanged"), 0U);
}

TEST_F(ControllerTest, TheNodePortSurvivesThatTheRegistryIsSwitchedOff) {
  cluster.put(a_registry());
  start();
  const int port = node_port();
  edit([](auto& spec) { spec.enabled = false; });
  rest();
  EXPECT_EQ(cluster.find<api::Service>(kTarget), nullptr);
  api::LocalRegistry other = a_registry();
  other.metadata.name = "other";
  other.spec.name = "other";
  cluster.put(other);  // its Service gets a node port, too
  rest();
  edit([](auto& spec) { spec.enabled = true; });
  rest();
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.node_port, port);
}

TEST_F(ControllerTest, ADeletedResourceWhoseNamespaceIsNoLongerWatchedStaysAndSaysWhy) {
  api::LocalRegistry registry = a_registry();
  registry.metadata.finalizers = {"localregistry.dev/cleanup"};
  registry.spec.namespace_name = "shared";
  registry.status.other_namespaces = {"shared"};
  cluster.put(registry);
  start({"team-a"});
  cluster.erase<api::LocalRegistry>(kDev);
  rest();
  const auto* kept = cluster.find<api::LocalRegistry>(kDev);
  ASSERT_NE(kept, nullptr);
  EXPECT_THAT(kept->metadata.finalizers, ElementsAre("localregistry.dev/cleanup"));
  EXPECT_NE(api::find_condition(kept->status.conditions, "CleanupBlocked"), nullptr);
  EXPECT_EQ(events_with("CleanupBlocked"), 1U);
}

TEST_F(ControllerTest, AFailureThatPassesIsRetriedWithBackoff) {
  int refused = 0;
  cluster.intercept = [&refused](const std::string& line) -> Cluster::Answer {
    if (line != "PATCH services team-a/registry" || refused >= 3) return std::nullopt;
    ++refused;
    return sim::failure(503, "ServiceUnavailable", "try later");
  };
  cluster.put(a_registry());
  start();
  EXPECT_EQ(refused, 3);
  EXPECT_NE(cluster.find<api::Service>(kTarget), nullptr);
}

TEST_F(ControllerTest, ARefusalIsTriedAgainAfterAWhileOnly) {
  cluster.answer("PATCH deployments team-a/registry",
                 sim::failure(403, "Forbidden", "exceeded quota: tight"));
  cluster.put(a_registry());
  start();
  EXPECT_EQ(ready(), "False QuotaExceeded");
  cluster.forget_requests();
  rest(limits::kRefusedRetry - 5s);
  EXPECT_THAT(cluster.requests(), IsEmpty());
  cluster.intercept = nullptr;
  rest(10s);
  EXPECT_NE(cluster.find<api::Deployment>(kTarget), nullptr);
  EXPECT_EQ(events_with("QuotaExceeded"), 1U);
}

TEST_F(ControllerTest, WhatWasMadeIsReportedThoughTheStatusCouldNotBeWritten) {
  bool refused = false;
  cluster.intercept = [&refused](const std::string& line) -> Cluster::Answer {
    if (line != "PATCH localregistries/status team-a/dev" || refused) return std::nullopt;
    refused = true;
    return sim::failure(409, "Conflict", "the object has been modified");
  };
  cluster.put(a_registry());
  start();
  EXPECT_TRUE(refused);
  EXPECT_EQ(ready(), "False Deploying");
  EXPECT_EQ(events_with("Created"), 1U);
  EXPECT_EQ(events_with("PortAssigned"), 1U);
}

TEST_F(ControllerTest, ADeletedResourceCleansUpAnotherNamespace) {
  api::Namespace shared = a_namespace("shared");
  shared.metadata.annotations = {{"localregistry.dev/allow-from", "team-a"}};
  cluster.put(shared);
  api::LocalRegistry registry = a_registry();
  registry.spec.namespace_name = "shared";
  cluster.put(registry);
  start();
  ASSERT_NE(cluster.find<api::Service>({"shared", "registry"}), nullptr);
  cluster.erase<api::LocalRegistry>(kDev);
  rest();
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev), nullptr);
  EXPECT_EQ(cluster.find<api::Service>({"shared", "registry"}), nullptr);
  EXPECT_EQ(cluster.find<api::Deployment>({"shared", "registry"}), nullptr);
}

TEST_F(ControllerTest, ANamespaceThatAllowsItLaterGetsTheRegistryThen) {
  cluster.put(a_namespace("shared"));
  api::LocalRegistry registry = a_registry();
  registry.spec.namespace_name = "shared";
  cluster.put(registry);
  start();
  EXPECT_EQ(ready(), "False NamespaceNotAllowed");
  api::Namespace shared = a_namespace("shared");
  shared.metadata.annotations = {{"localregistry.dev/allow-from", "team-a"}};
  cluster.put(shared);
  rest();
  EXPECT_EQ(ready(), "False Deploying");
}

TEST_F(ControllerTest, OnAKindClusterAFallbackMakesNothing) {
  put_kind_node();
  cluster.put(a_registry());
  start();
  EXPECT_EQ(ready(), "True KindLoad");
  EXPECT_THAT(cluster.writes(), ElementsAre("PATCH localregistries/status team-a/dev"));
}

TEST_F(ControllerTest, AClusterThatTurnsOutToBeKindLosesItsRegistry) {
  cluster.put(a_registry());
  start();
  put_kind_node();
  rest(limits::kNodeCheck + 1s);
  EXPECT_EQ(ready(), "True KindLoad");
  EXPECT_EQ(cluster.find<api::Deployment>(kTarget), nullptr);
}

TEST_F(ControllerTest, OrphansOfAResourceThatIsGoneAreRemovedAtTheStart) {
  api::Service orphan = reconcile::build_service(a_registry(), 0);
  orphan.metadata.owner_references.clear();
  cluster.put(orphan);
  start();
  EXPECT_EQ(cluster.find<api::Service>(kTarget), nullptr);
}

TEST_F(ControllerTest, WhatGoesWhileTheLastWriteOfAReconcileIsUnderwayComesBack) {
  cluster.put(a_registry());
  bool deleted = false;
  during_first("PATCH localregistries/status team-a/dev", [this, &deleted] {
    deleted = true;
    cluster.erase<api::Service>(kTarget);
  });
  start();
  ASSERT_TRUE(deleted);
  EXPECT_NE(cluster.find<api::Service>(kTarget), nullptr);
}

TEST_F(ControllerTest, AChangeDuringAReconcileIsNotLost) {
  cluster.put(a_registry());
  during_first("PATCH services team-a/registry",
               [this] { edit([](auto& spec) { spec.image = "registry:3"; }); });
  start();
  EXPECT_EQ(cluster.find<api::Deployment>(kTarget)->spec.pod_template.spec.containers[0].image,
            "registry:3");
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.observed_generation, 2);
}

TEST_F(ControllerTest, CancellingItEndsIt) {
  cluster.put(a_registry());
  start();
  running->cancel();
  world.settle();
  EXPECT_TRUE(running->done());
}

}  // namespace
}  // namespace test
