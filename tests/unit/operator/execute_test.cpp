#include "operator/execute.h"

#include <gmock/gmock.h>

#include "api/coordination.h"
#include "operator/gather.h"
#include "sim/answers.h"
#include "unit/operator/fake_push_checker.h"
#include "unit/operator/fixture.h"

namespace test {
namespace {

using base::ErrorCode;
using controller::ReconcileState;
using reconcile::Apply;
using reconcile::Delete;
using reconcile::ObjectRole;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

boost::asio::awaitable<bool> run_actions(controller::Executor& executor,
                                         std::vector<reconcile::Action> actions,
                                         ReconcileState& state) {
  co_await executor.execute(std::move(actions), state);
  co_return true;
}

boost::asio::awaitable<void> read_live_in_a_moment(controller::Executor& executor,
                                                   base::Clock& clock, ReconcileState& state) {
  co_await clock.sleep_for(std::chrono::milliseconds(1));
  std::vector<reconcile::Action> actions;
  actions.emplace_back(reconcile::ReadLive{});
  co_await executor.execute(std::move(actions), state);
}

// Returns a resource of another namespace whose registry has the same target as that of
// a_registry().
api::LocalRegistry other_owner() {
  api::LocalRegistry registry = a_registry();
  registry.metadata.namespace_name = "team-b";
  registry.metadata.name = "other";
  registry.spec.namespace_name = "team-a";
  return registry;
}

class Execute : public OperatorTest {
 protected:
  void SetUp() override {
    dev = cluster.put(a_registry());
    watch();
    executor =
        std::make_unique<controller::Executor>(environment(), *caches, push_checks, histories);
    state.key = kDev;
  }

  void execute(std::vector<reconcile::Action> actions) {
    world.result_of(run_actions(*executor, std::move(actions), state));
  }

  template <class T>
  static reconcile::Action create(T object) {
    return Apply<T>{std::move(object), "", reconcile::Cause::kCreate, ""};
  }

  api::Deployment deployment() const { return reconcile::build_deployment(dev, true); }
  api::Service service(int port = 0) const { return reconcile::build_service(dev, port); }
  api::PersistentVolumeClaim pvc() const { return reconcile::build_pvc(dev, nullptr); }

  void put_other_service(int port) {
    api::Service other = foreign(service(port));
    other.metadata.name = "other";
    cluster.put(other);
  }

  FakePushChecker checker{world.executor(), world.clock};
  controller::PushChecks push_checks{environment(), checker, [](const api::ObjectKey&) {}};
  controller::WriteHistories histories{world.clock};
  std::unique_ptr<controller::Executor> executor;
  ReconcileState state;
  api::LocalRegistry dev;
};

TEST_F(Execute, OwnWritesAreSeenBeforeAnyWatchTells) {
  execute({create(deployment()), create(service())});
  EXPECT_NE(caches->children<api::Deployment>().store().get(kTarget), nullptr);
  ASSERT_NE(caches->children<api::Service>().store().get(kTarget), nullptr);
  EXPECT_EQ(caches->children<api::Service>().store().get(kTarget)->spec.ports.front().node_port,
            node_port());
  EXPECT_EQ(state.done.size(), 2U);
  EXPECT_FALSE(state.conflicted);
  EXPECT_THAT(state.failures, IsEmpty());
  EXPECT_THAT(cluster.requests(), UnorderedElementsAre("PATCH deployments team-a/registry",
                                                       "PATCH services team-a/registry"));
}

TEST_F(Execute, AResetOfPortsIsRecordedAsAHealOfThem) {
  const api::Service wanted = service(30000);
  cluster.put(wanted);
  const api::ObjectMeta existing = cluster.find<api::Service>(kTarget)->metadata;
  execute({reconcile::ResetPorts{reconcile::build_ports_patch(existing, wanted), 7}});
  ASSERT_EQ(state.done.size(), 1U);
  const reconcile::WriteHistory& history = histories.of(kDev);
  ASSERT_EQ(history.healed.size(), 1U);
  EXPECT_EQ(history.healed[0].role, ObjectRole::kService);
  EXPECT_EQ(history.healed[0].path, "spec.ports");
  EXPECT_EQ(history.healed[0].intent, 7U);
  EXPECT_THAT(history.contests, IsEmpty());
}

TEST_F(Execute, ADeleteBeforeARecreationIsRecordedAsAHeal) {
  cluster.put(service(30000));
  reconcile::Delete remove{ObjectRole::kService, kTarget,
                           cluster.find<api::Service>(kTarget)->metadata.uid, "", false};
  remove.intent = 7;
  remove.healed = {"spec.type"};
  execute({remove});
  ASSERT_EQ(histories.of(kDev).healed.size(), 1U);
  EXPECT_EQ(histories.of(kDev).healed[0].path, "spec.type");
  EXPECT_EQ(histories.of(kDev).healed[0].times.size(), 1U);
}

TEST_F(Execute, AForeignObjectIsReadAndLeftAlone) {
  api::Service other = foreign(service());
  other.spec.type = "ClusterIP";
  const std::string uid = cluster.put(other).metadata.uid;
  execute({create(service())});
  EXPECT_TRUE(state.conflicted);
  ASSERT_NE(state.uncached.get<reconcile::ObjectRole::kService>(), nullptr);
  EXPECT_EQ(state.uncached.get<reconcile::ObjectRole::kService>()->metadata.uid, uid);
  EXPECT_EQ(caches->children<api::Service>().store().get(kTarget), nullptr) << "it is in no cache";
  EXPECT_THAT(state.done, IsEmpty());
  EXPECT_THAT(cluster.requests(),
              ElementsAre("PATCH services team-a/registry", "GET services team-a/registry"));
  EXPECT_EQ(cluster.find<api::Service>(kTarget)->spec.type, "ClusterIP");
}

TEST_F(Execute, AnObjectOfOursThatNoWatchToldOfIsReadIntoTheCache) {
  cluster.put(service(30007));
  execute({create(service())});
  EXPECT_EQ(state.uncached.get<reconcile::ObjectRole::kService>(), nullptr);
  ASSERT_NE(caches->children<api::Service>().store().get(kTarget), nullptr);
  EXPECT_EQ(caches->children<api::Service>().store().get(kTarget)->spec.ports.front().node_port,
            30007);
}

TEST_F(Execute, AnUpdateOfAnObjectThatIsGoneForgetsIt) {
  execute({create(deployment())});
  const std::string uid = cluster.find<api::Deployment>(kTarget)->metadata.uid;
  cluster.erase<api::Deployment>(kTarget);
  execute({Apply<api::Deployment>{deployment(), uid, reconcile::Cause::kUpdate, ""}});
  EXPECT_TRUE(state.conflicted);
  EXPECT_EQ(caches->children<api::Deployment>().store().get(kTarget), nullptr);
}

TEST_F(Execute, ARefusedWriteIsAFailureOfItsTarget) {
  cluster.answer("PATCH deployments team-a/registry",
                 sim::failure(403, "Forbidden", "exceeded quota"));
  execute({create(deployment()), create(service())});
  ASSERT_EQ(state.failures.size(), 1U);
  EXPECT_EQ(state.failures[0].role, ObjectRole::kDeployment);
  EXPECT_EQ(state.failures[0].error.code, ErrorCode::kForbidden);
  EXPECT_EQ(state.failures[0].node_port, 0);
  EXPECT_EQ(state.done.size(), 1U) << "the Service was made";
}

TEST_F(Execute, ARefusedNodePortIsReportedWithTheFailure) {
  execute({create(service(80))});
  ASSERT_EQ(state.failures.size(), 1U);
  EXPECT_EQ(state.failures[0].node_port, 80);
}

TEST_F(Execute, APortThatIsAboutToBeGivenBackIsWaitedFor) {
  int requests = 0;
  put_other_service(30007);
  cluster.intercept = [&](const std::string&) -> Cluster::Answer {
    if (++requests == 3) cluster.erase<api::Service>({"team-a", "other"});
    return std::nullopt;
  };
  execute({Apply<api::Service>{service(30007), "", reconcile::Cause::kCreate, "", true}});
  EXPECT_THAT(state.failures, IsEmpty());
  const auto made = cluster.find<api::Service>(kTarget);
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->spec.ports.front().node_port, 30007);
}

TEST_F(Execute, APortThatAnotherClientHasIsAskedForOnce) {
  put_other_service(30007);
  execute({create(service(30007))});
  ASSERT_EQ(state.failures.size(), 1U);
  EXPECT_EQ(state.failures[0].node_port, 30007);
  EXPECT_THAT(cluster.requests(), ElementsAre("PATCH services team-a/registry"));
}

TEST_F(Execute, AWriteWithoutAnAnswerIsAFailure) {
  cluster.answer("PATCH deployments team-a/registry",
                 base::Error{ErrorCode::kTimeout, "no answer"});
  execute({create(deployment())});
  ASSERT_EQ(state.failures.size(), 1U);
  EXPECT_TRUE(state.failures[0].error.transient());
}

TEST_F(Execute, ADeletedObjectIsGoneBeforeAnyWatchTells) {
  execute({create(deployment())});
  const std::string uid = cluster.find<api::Deployment>(kTarget)->metadata.uid;
  execute({Delete{ObjectRole::kDeployment, kTarget, uid, "", false}});
  EXPECT_EQ(caches->children<api::Deployment>().store().get(kTarget), nullptr);
  settle();
  EXPECT_EQ(caches->children<api::Deployment>().store().get(kTarget), nullptr)
      << "late news do not bring it back";
  EXPECT_EQ(state.done.size(), 2U);
}

TEST_F(Execute, ADeletedObjectThatSomethingHoldsIsSeenToGo) {
  api::PersistentVolumeClaim held = pvc();
  held.metadata.finalizers = {"kubernetes.io/pvc-protection"};
  const auto kept = cluster.put(held);
  settle();
  execute({Delete{ObjectRole::kPvc, kTarget, kept.metadata.uid, kept.metadata.resource_version,
                  false}});
  ASSERT_NE(caches->children<api::PersistentVolumeClaim>().store().get(kTarget), nullptr);
  EXPECT_TRUE(reconcile::is_terminating(
      caches->children<api::PersistentVolumeClaim>().store().get(kTarget)->metadata));
}

TEST_F(Execute, AClaimThatChangedSinceItWasReadIsNotDeleted) {
  const auto kept = cluster.put(pvc());
  settle();
  execute({Delete{ObjectRole::kPvc, kTarget, kept.metadata.uid, "1", false}});
  EXPECT_TRUE(state.conflicted);
  EXPECT_NE(cluster.find<api::PersistentVolumeClaim>(kTarget), nullptr);
}

TEST_F(Execute, AnotherObjectOfTheNameIsNotDeleted) {
  cluster.put(deployment());
  settle();
  execute({Delete{ObjectRole::kDeployment, kTarget, "uid-earlier", "", false}});
  EXPECT_TRUE(state.conflicted);
  EXPECT_NE(cluster.find<api::Deployment>(kTarget), nullptr);
  EXPECT_NE(caches->children<api::Deployment>().store().get(kTarget), nullptr);
}

TEST_F(Execute, WhatIsGoneAlreadyNeedsNoDelete) {
  cluster.put(deployment());
  settle();
  const std::string uid = cluster.find<api::Deployment>(kTarget)->metadata.uid;
  cluster.erase<api::Deployment>(kTarget);
  execute({Delete{ObjectRole::kDeployment, kTarget, uid, "", false}});
  EXPECT_EQ(caches->children<api::Deployment>().store().get(kTarget), nullptr);
  EXPECT_THAT(state.failures, IsEmpty());
}

TEST_F(Execute, ADeleteForgivesWhatWasRefusedAboutTheObject) {
  cluster.put(deployment());
  settle();
  state.failures = {{ObjectRole::kDeployment, {ErrorCode::kInvalid, "no"}},
                    {ObjectRole::kService, {ErrorCode::kInvalid, "no"}}};
  const std::string uid = cluster.find<api::Deployment>(kTarget)->metadata.uid;
  execute({Delete{ObjectRole::kDeployment, kTarget, uid, "", false}});
  ASSERT_EQ(state.failures.size(), 1U);
  EXPECT_EQ(state.failures[0].role, ObjectRole::kService);
}

TEST_F(Execute, ALiveReadSeesWhatNoWatchHasTold) {
  cluster.put(service(30007));
  const std::string uid = cluster.put(foreign(deployment())).metadata.uid;
  execute({reconcile::ReadLive{}});
  EXPECT_TRUE(state.live);
  EXPECT_NE(caches->children<api::Service>().store().get(kTarget), nullptr);
  ASSERT_NE(state.uncached.get<reconcile::ObjectRole::kDeployment>(), nullptr);
  EXPECT_EQ(state.uncached.get<reconcile::ObjectRole::kDeployment>()->metadata.uid, uid);
  EXPECT_THAT(
      cluster.requests(),
      UnorderedElementsAre("GET localregistries team-a/dev", "GET deployments team-a/registry",
                           "GET statefulsets team-a/registry", "GET services team-a/registry",
                           "GET persistentvolumeclaims team-a/registry"));
}

class ExecuteWithoutAPod : public Execute {
 protected:
  void SetUp() override {
    Execute::SetUp();
    execute({create(reconcile::build_stateful_set(dev, true))});
    const api::StatefulSet made = *cluster.find<api::StatefulSet>(kTarget);
    uid = made.metadata.uid;
    applied = world.clock.wall();
    world.run_for(std::chrono::seconds(1));
    api::Event event;
    event.metadata.name = "a";
    event.metadata.namespace_name = "team-a";
    event.regarding = {"apps/v1", "StatefulSet", "team-a", "registry", uid, ""};
    event.type = "Warning";
    event.reason = "FailedCreate";
    event.action = "Create";
    event.reporting_controller = event.reporting_instance = "statefulset-controller";
    event.note = "create Pod registry-0 in StatefulSet registry failed error: exceeded quota";
    event.event_time.time = world.clock.wall();
    cluster.put(event);
    world.run_for(std::chrono::seconds(8));
    api::StatefulSet counted = made;
    counted.status.observed_generation = 1;
    cluster.put(counted);
  }

  reconcile::ReadPodRefusal read_of(const std::string& of) const { return {kTarget, of}; }

  std::string uid;     // of the StatefulSet
  base::Time applied;  // when the operator applied it
};

TEST_F(ExecuteWithoutAPod, TheEventsOfTheStatefulSetAreRead) {
  execute({read_of(uid)});
  ASSERT_TRUE(state.pod_refusal);
  EXPECT_TRUE(state.pod_refusal->is_known);
  EXPECT_EQ(state.pod_refusal->message, "exceeded quota");
  EXPECT_EQ(state.pod_refusal->changed, applied);
  EXPECT_THAT(cluster.event_reads(),
              ElementsAre(testing::HasSubstr("fieldSelector=regarding.uid%3D" + uid +
                                             "%2Creason%3DFailedCreate&limit=16")));
}

TEST_F(ExecuteWithoutAPod, AStatefulSetThatCannotBeReadHasNoKnownRefusal) {
  cluster.erase<api::StatefulSet>(kTarget);
  execute({read_of(uid)});
  ASSERT_TRUE(state.pod_refusal);
  EXPECT_FALSE(state.pod_refusal->is_known);
  EXPECT_THAT(state.failures, IsEmpty());
}

TEST_F(ExecuteWithoutAPod, OnlyTwoReadsOfOneNamespaceRunAtOnce) {
  transport.delay = std::chrono::milliseconds(10);
  execute({read_of("uid-1"), read_of("uid-2"), read_of("uid-3")});
  EXPECT_EQ(cluster.event_reads().size(), 2U);
  execute({read_of("uid-3")});
  EXPECT_EQ(cluster.event_reads().size(), 3U) << "the earlier ones have ended";
}

// ExecuteElsewhere has a resource that may have children in the namespace "before", which no cache
// shows yet.
class ExecuteElsewhere : public Execute {
 protected:
  void SetUp() override {
    Execute::SetUp();
    dev.status.other_namespaces = {"before"};
    cluster.put(dev);
    settle();
    cluster.forget_requests();
    earlier = service(30007);
    earlier.metadata.namespace_name = "before";
    earlier.metadata.name = "earlier";
  }

  reconcile::Observed observed() const { return controller::gather(*caches, state, {}); }

  api::Service earlier;
};

TEST_F(ExecuteElsewhere, ALiveReadFindsChildrenWithNamesThatNobodyKnows) {
  cluster.put(earlier);
  execute({reconcile::ReadLive{}});
  EXPECT_TRUE(state.live);
  EXPECT_THAT(
      cluster.requests(),
      testing::IsSupersetOf({"GET deployments before/", "GET statefulsets before/",
                             "GET services before/", "GET persistentvolumeclaims before/"}));
  const reconcile::Observed seen = observed();
  ASSERT_EQ(seen.misplaced_children.size(), 1U);
  EXPECT_EQ(api::key_of(seen.misplaced_children[0].metadata),
            (api::ObjectKey{"before", "earlier"}));
  EXPECT_EQ(seen.misplaced_children[0].node_port, 30007);
}

TEST_F(ExecuteElsewhere, ALiveReadLeavesOutChildrenOfAnotherResource) {
  earlier.metadata.labels[std::string(reconcile::kOwnerUidLabel)] = "uid-other";
  cluster.put(earlier);
  execute({reconcile::ReadLive{}});
  EXPECT_THAT(observed().misplaced_children, IsEmpty());
}

TEST_F(ExecuteElsewhere, AChildThatTheCacheHasNoRoomForIsFoundUntilItIsDeleted) {
  const std::string uid = cluster.put(earlier).metadata.uid;
  state.children.push_back(
      {ObjectRole::kService, cluster.find<api::Service>({"before", "earlier"})->metadata, 30007});
  ASSERT_EQ(observed().misplaced_children.size(), 1U);
  execute({Delete{ObjectRole::kService, {"before", "earlier"}, uid, "", false}});
  EXPECT_EQ(cluster.find<api::Service>({"before", "earlier"}), nullptr);
  EXPECT_THAT(observed().misplaced_children, IsEmpty());
}

TEST_F(ExecuteElsewhere, AChildThatLostTheAnnotationOfItsOwnerIsFoundByTheUid) {
  earlier.metadata.annotations.clear();
  cluster.put(earlier);
  settle();
  execute({reconcile::ReadLive{}});
  EXPECT_EQ(observed().misplaced_children.size(), 1U);
}

TEST_F(ExecuteElsewhere, AChildThatTheCacheShowsTooIsThereOnce) {
  cluster.put(earlier);
  settle();
  execute({reconcile::ReadLive{}});
  EXPECT_EQ(observed().misplaced_children.size(), 1U);
}

TEST_F(ExecuteElsewhere, ALiveReadFromBeforeTheDeletionIsNotEnoughToEndIt) {
  api::LocalRegistry registry = *cluster.find<api::LocalRegistry>(kDev);
  registry.metadata.finalizers = {"localregistry.dev/cleanup"};
  cluster.put(registry);
  execute({reconcile::ReadLive{}});
  EXPECT_TRUE(observed().live);
  cluster.erase<api::LocalRegistry>(kDev);
  settle();
  EXPECT_FALSE(observed().live);
  cluster.forget_requests();
  execute({reconcile::ReadLive{}});
  EXPECT_TRUE(observed().live);
  EXPECT_THAT(cluster.requests(),
              testing::IsSupersetOf({"GET services before/", "GET services team-a/"}));
}

TEST_F(ExecuteElsewhere, ANamespaceThatIsGoneWithItsRoleDoesNotKeepAnybody) {
  cluster.answer("GET services before/", base::Error{ErrorCode::kForbidden, "no"});
  execute({reconcile::ReadLive{}});
  EXPECT_TRUE(state.live);
  cluster.put(a_namespace("before"));
  settle();
  execute({reconcile::ReadLive{}});
  EXPECT_FALSE(state.live) << "what is there cannot be seen";
}

TEST_F(ExecuteElsewhere, ALiveReadWithoutOneOfTheListsIsNotLive) {
  cluster.answer("GET services before/", base::Error{ErrorCode::kTimeout, "no answer"});
  execute({reconcile::ReadLive{}});
  EXPECT_FALSE(state.live);
  ASSERT_EQ(state.failures.size(), 1U);
  EXPECT_EQ(state.failures[0].role, ObjectRole::kLocalRegistry);
}

TEST_F(ExecuteElsewhere, ALiveReadThatFindsOnlyForgedObjectsDoesNotTakeTheChildrenForGone) {
  kube::Response page;
  page.status = 200;
  page.body = R"({"kind":"ServiceList","apiVersion":"v1","metadata":{"continue":"more"},"items":[
      {"metadata":{"name":"forged","namespace":"before","uid":"uid-forged",
                   "labels":{"localregistry.dev/owner-uid":")" +
              dev.metadata.uid + R"("},
                   "ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"any",
                                       "uid":"uid-any","controller":true}]}}]})";
  cluster.answer("GET services before/", page);
  execute({reconcile::ReadLive{}});
  EXPECT_FALSE(state.live);
  ASSERT_EQ(state.failures.size(), 1U);
  EXPECT_EQ(state.failures[0].role, ObjectRole::kLocalRegistry);
  EXPECT_THAT(state.failures[0].error.message,
              testing::AllOf(testing::HasSubstr("namespace \"before\""),
                             testing::HasSubstr("localregistry.dev/owner-uid")));
}

TEST_F(Execute, WhatIsCreatedWhileALiveReadIsOnItsWayIsNotTakenForGone) {
  // The API server answers the read before the creation, but the operator receives that answer
  // after the one of the creation.
  cluster.intercept = [&](const std::string& line) -> Cluster::Answer {
    if (line != "GET deployments team-a/registry") return std::nullopt;
    caches->children<api::Deployment>().store().record_written(cluster.put(deployment()));
    return sim::not_found(*sim::find_resource("deployments"), "registry");
  };
  execute({reconcile::ReadLive{}});
  EXPECT_NE(caches->children<api::Deployment>().store().get(kTarget), nullptr);
  settle();
  EXPECT_NE(caches->children<api::Deployment>().store().get(kTarget), nullptr);
}

TEST_F(Execute, ALiveReadSeesThatTheResourceIsGone) {
  cluster.erase<api::LocalRegistry>(kDev);
  execute({reconcile::ReadLive{}});
  EXPECT_TRUE(state.live);
  EXPECT_EQ(caches->registries.store().get(kDev), nullptr);
}

TEST_F(Execute, ALiveReadSeesThatTheResourceIsAnotherOne) {
  cluster.erase<api::LocalRegistry>(kDev);
  const std::string uid = cluster.put(a_registry()).metadata.uid;
  EXPECT_NE(uid, dev.metadata.uid);
  execute({reconcile::ReadLive{}});
  EXPECT_EQ(caches->registries.store().get(kDev)->metadata.uid, uid);
}

TEST_F(Execute, ALiveReadThatFailsIsNotLive) {
  cluster.answer("GET localregistries team-a/dev", base::Error{ErrorCode::kTimeout, "no answer"});
  execute({reconcile::ReadLive{}});
  EXPECT_FALSE(state.live);
  ASSERT_EQ(state.failures.size(), 1U);
  EXPECT_EQ(state.failures[0].role, ObjectRole::kLocalRegistry);
}

TEST_F(Execute, ALiveReadWithoutTheClaimSaysSo) {
  cluster.answer("GET persistentvolumeclaims team-a/registry",
                 base::Error{ErrorCode::kUnavailable, "no answer"});
  execute({reconcile::ReadLive{}});
  ASSERT_EQ(state.failures.size(), 1U) << "or the claim would be taken for absent";
  EXPECT_FALSE(state.live);
}

TEST_F(Execute, A404OfAProxyIsNotTakenForTheAbsenceOfAnObject) {
  cluster.put(service(30007));
  settle();
  for (const auto* request : {"GET services team-a/registry", "GET localregistries team-a/dev"}) {
    state = {};
    state.key = kDev;
    cluster.answer(request, kube::Response{404, "404 page not found\n", {}});
    execute({reconcile::ReadLive{}});
    EXPECT_FALSE(state.live) << request;
    ASSERT_EQ(state.failures.size(), 1U) << request;
    EXPECT_TRUE(state.failures[0].error.transient()) << request;
    EXPECT_NE(caches->children<api::Service>().store().get(kTarget), nullptr) << request;
    EXPECT_NE(caches->registries.store().get(kDev), nullptr) << request;
  }
}

TEST_F(Execute, A404OfAProxyIsNoEndOfADelete) {
  const auto kept = cluster.put(service(30007));
  settle();
  cluster.answer("DELETE services team-a/registry",
                 kube::Response{404, "404 page not found\n", {}});
  execute({Delete{ObjectRole::kService, kTarget, kept.metadata.uid, "", false}});
  EXPECT_NE(caches->children<api::Service>().store().get(kTarget), nullptr);
  ASSERT_EQ(state.failures.size(), 1U);
  EXPECT_EQ(state.failures[0].role, ObjectRole::kService);
}

TEST_F(Execute, ALiveReadThatIsCancelledBetweenItsReadsEnds) {
  support::Running* running = nullptr;
  bool told = false;
  cluster.intercept = [&](const std::string&) -> Cluster::Answer {
    if (!std::exchange(told, true)) running->cancel();
    return std::nullopt;
  };
  running = &world.start(read_live_in_a_moment(*executor, world.clock, state));
  world.run_for(std::chrono::seconds(1));
  EXPECT_TRUE(running->done());
  EXPECT_FALSE(state.live);
}

TEST_F(Execute, TheOwnerOfAForeignClaimIsReadToo) {
  cluster.put(reconcile::build_pvc(cluster.put(other_owner()), nullptr));
  execute({reconcile::ReadLive{}});
  EXPECT_TRUE(state.live);
  EXPECT_TRUE(controller::gather(*caches, state, {}).pvc_owner_may_exist);
}

TEST_F(Execute, ALiveReadWithoutTheOwnerOfAForeignClaimIsNotLive) {
  cluster.put(reconcile::build_pvc(other_owner(), nullptr));
  cluster.answer("GET localregistries team-b/other", base::Error{ErrorCode::kTimeout, "no answer"});
  execute({reconcile::ReadLive{}});
  EXPECT_FALSE(state.live);
  EXPECT_EQ(state.failures.size(), 1U);
}

TEST_F(Execute, TheFinalizerIsSetAndRemovedBesideOthers) {
  api::LocalRegistry registry = *cluster.find<api::LocalRegistry>(kDev);
  registry.metadata.finalizers = {"example.com/a"};
  cluster.put(registry);
  settle();
  execute({reconcile::SetFinalizer{true}});
  EXPECT_THAT(cluster.find<api::LocalRegistry>(kDev)->metadata.finalizers,
              ElementsAre("example.com/a", "localregistry.dev/cleanup"));
  EXPECT_TRUE(reconcile::has_finalizer(caches->registries.store().get(kDev)->metadata));
  execute({reconcile::SetFinalizer{false}});
  EXPECT_THAT(cluster.find<api::LocalRegistry>(kDev)->metadata.finalizers,
              ElementsAre("example.com/a"));
}

TEST_F(Execute, RemovingTheLastFinalizerOfADeletedResourceEndsIt) {
  api::LocalRegistry registry = *cluster.find<api::LocalRegistry>(kDev);
  registry.metadata.finalizers = {"localregistry.dev/cleanup"};
  cluster.put(registry);
  cluster.erase<api::LocalRegistry>(kDev);
  settle();
  execute({reconcile::SetFinalizer{false}});
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev), nullptr);
  EXPECT_EQ(caches->registries.store().get(kDev), nullptr);
}

TEST_F(Execute, AFinalizerOfAResourceThatChangedIsNotWritten) {
  api::LocalRegistry registry = *cluster.find<api::LocalRegistry>(kDev);
  registry.spec.image = "registry:3";
  cluster.put(registry);
  execute({reconcile::SetFinalizer{true}});
  EXPECT_TRUE(state.conflicted);
  EXPECT_THAT(cluster.find<api::LocalRegistry>(kDev)->metadata.finalizers, IsEmpty());
  EXPECT_EQ(caches->registries.store().get(kDev)->spec.image, "registry:3") << "read again";
}

TEST_F(Execute, TheStatusIsWrittenOfWhatWasObserved) {
  const auto observed = caches->registries.store().get(kDev);
  api::LocalRegistryStatus status;
  status.node_port = 30000;
  const auto written = world.result_of(executor->write_status(observed, status));
  ASSERT_TRUE(written && *written);
  EXPECT_EQ((*written)->status.node_port, 30000);
  EXPECT_EQ((*written)->metadata, cluster.find<api::LocalRegistry>(kDev)->metadata);
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.node_port, 30000);
  const auto again = world.result_of(executor->write_status(observed, status));
  ASSERT_FALSE(again) << "it has changed since";
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
}

TEST_F(Execute, TheStatusOfAResourceThatIsGoneIsNoError) {
  const auto observed = caches->registries.store().get(kDev);
  cluster.erase<api::LocalRegistry>(kDev);
  const auto written = world.result_of(executor->write_status(observed, {}));
  ASSERT_TRUE(written);
  EXPECT_FALSE(*written);
  EXPECT_EQ(caches->registries.store().get(kDev), nullptr);
}

}  // namespace
}  // namespace test
