#include "reconcile/children/publishing.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using std::chrono::seconds;

class Publishing : public testing::Test {
 protected:
  void SetUp() override {
    world.converge();
    registry().state.running = api::ContainerStateRunning{world.now};
  }

  api::Pod& pod() { return world.pods.front(); }
  api::ContainerStatus& registry() { return pod().status.container_statuses[0]; }
  api::ContainerStatus& sidecar() { return pod().status.container_statuses[1]; }
  api::Condition& ready() { return pod().status.conditions.front(); }

  void make_sidecar_unready() {
    ready() = {"Ready", "False", "ContainersNotReady", "", 0, world.now};
    sidecar().ready = false;
  }
  void publish() {
    world.find<api::Service>()->spec.publish_not_ready_addresses = api::Switch::kOn;
  }

  bool answer() const { return reconcile::decide_publishing(world.observe()).not_ready; }
  auto recheck_after() const { return reconcile::decide_publishing(world.observe()).recheck_after; }

  World world{a_registry()};
};

TEST_F(Publishing, AReadyPodNeedsNothing) {
  EXPECT_FALSE(answer());
  EXPECT_FALSE(recheck_after());
}

TEST_F(Publishing, ASidecarThatStartsIsWaitedForAWhile) {
  make_sidecar_unready();
  EXPECT_FALSE(answer());
  EXPECT_EQ(recheck_after(), limits::kSidecarPublishDelay);
  world.now += limits::kSidecarPublishDelay;
  EXPECT_TRUE(answer());
  EXPECT_FALSE(recheck_after());
}

TEST_F(Publishing, ASidecarThatFailsIsNotWaitedFor) {
  make_sidecar_unready();
  sidecar().state.waiting = api::ContainerStateWaiting{"ContainerCreating", ""};
  EXPECT_FALSE(answer());
  sidecar().state.waiting->reason = "ImagePullBackOff";
  EXPECT_TRUE(answer());
  sidecar().state = {};
  sidecar().last_state.terminated = {"Error", "", 1};
  EXPECT_TRUE(answer());
}

TEST_F(Publishing, ASidecarThatIsReadyForAMomentChangesNothing) {
  publish();
  ready().last_transition_time = world.now;
  EXPECT_TRUE(answer());
  EXPECT_EQ(recheck_after(), limits::kSidecarUnpublishDelay);
  world.now += limits::kSidecarUnpublishDelay;
  EXPECT_FALSE(answer());
}

TEST_F(Publishing, APodThatIsBeingDeletedIsNotPublished) {
  publish();
  make_sidecar_unready();
  EXPECT_TRUE(answer());
  pod().metadata.deletion_timestamp = world.now;
  EXPECT_FALSE(answer());
  api::Pod next = pod();
  next.metadata.name = "registry-1";
  next.metadata.deletion_timestamp.reset();
  world.pods.push_back(next);
  EXPECT_FALSE(answer()) << "nor while its successor is there";
  world.pods.erase(world.pods.begin());
  EXPECT_TRUE(answer());
}

TEST_F(Publishing, ARegistryThatIsNotReadyIsNoReasonToPublishNorToStop) {
  make_sidecar_unready();
  registry().ready = false;
  sidecar().last_state.terminated = {"Error", "", 1};
  EXPECT_FALSE(answer());
  publish();
  EXPECT_TRUE(answer());
}

TEST_F(Publishing, ALostNodeIsNoReasonToPublish) {
  make_sidecar_unready();
  ready().reason = "NodeNotReady";
  world.now += seconds(3600);
  EXPECT_FALSE(answer());
}

TEST_F(Publishing, WithoutAPodOrAWorkloadNothingIsPublished) {
  publish();
  world.pods.clear();
  EXPECT_FALSE(answer());
  world.all<api::Deployment>().clear();
  EXPECT_FALSE(answer());
}

}  // namespace
}  // namespace test
