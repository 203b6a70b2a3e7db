#include "reconcile/pull/pull_nodes.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace reconcile {
namespace {

using namespace std::chrono_literals;

constexpr base::Time kNow{std::chrono::hours(1000)};

api::Node a_node() {
  api::Node node;
  node.metadata.name = "worker-1";
  node.metadata.creation_timestamp = kNow - 100h;
  node.status.conditions = {{"Ready", "True", "KubeletReady", "", 0, kNow - 1h}};
  node.status.node_info = {"boot-1", "containerd://2.1.4", "v1.34.4", "linux"};
  return node;
}

std::string_view skipped(const api::Node& node) {
  const NodeDecision decision = decide_node(node, kNow);
  return decision.use == NodeUse::kSkipped ? decision.reason : std::string_view();
}

TEST(PullNodes, AReadyLinuxNodeIsProbed) { EXPECT_EQ(decide_node(a_node(), kNow), NodeDecision{}); }

TEST(PullNodes, ACordonedNodeIsProbedBecauseItsPodsStillPull) {
  api::Node node = a_node();  // spec.unschedulable and taints are not even read
  node.metadata.annotations["localregistry.dev/pull-check"] = "enabled";
  EXPECT_EQ(decide_node(node, kNow).use, NodeUse::kProbed);
}

TEST(PullNodes, NodesThatCannotRunTheProbeAreSkipped) {
  api::Node windows = a_node();
  windows.status.node_info.operating_system = "windows";
  EXPECT_EQ(skipped(windows), skip_reason::kNotLinux);
  api::Node virtual_kubelet = a_node();
  virtual_kubelet.metadata.labels["type"] = "virtual-kubelet";
  EXPECT_EQ(skipped(virtual_kubelet), skip_reason::kVirtualNode);
  api::Node fargate = a_node();
  fargate.metadata.labels["eks.amazonaws.com/compute-type"] = "fargate";
  EXPECT_EQ(skipped(fargate), skip_reason::kVirtualNode);
}

TEST(PullNodes, NodesThatAreDeletedOrExcludedAreSkipped) {
  api::Node going = a_node();
  going.metadata.deletion_timestamp = kNow;
  EXPECT_EQ(skipped(going), skip_reason::kBeingDeleted);
  api::Node excluded = a_node();
  excluded.metadata.annotations["localregistry.dev/pull-check"] = "disabled";
  EXPECT_EQ(skipped(excluded), skip_reason::kDisabled);
}

TEST(PullNodes, ANodeThatIsNotReadyIsPausedAndThenSkipped) {
  api::Node node = a_node();
  node.status.conditions = {{"Ready", "Unknown", "NodeStatusUnknown", "", 0, kNow - 4min}};
  EXPECT_EQ(decide_node(node, kNow),
            (NodeDecision{NodeUse::kPaused, skip_reason::kNotReady, 1min}));
  EXPECT_EQ(decide_node(node, kNow + 1min).use, NodeUse::kSkipped);
}

TEST(PullNodes, ANewNodeWithoutAConditionIsPaused) {
  api::Node node = a_node();
  node.status.conditions.clear();
  node.metadata.creation_timestamp = kNow - 1s;
  EXPECT_EQ(decide_node(node, kNow).use, NodeUse::kPaused);
}

TEST(PullNodes, WhateverThePullDependsOnChangesTheSubject) {
  const std::string subject = probe_subject(a_node(), 30000, "Standby", "");
  EXPECT_EQ(probe_subject(a_node(), 30000, "Standby", ""), subject);
  EXPECT_NE(probe_subject(a_node(), 30000, "Serving", ""), subject);
  EXPECT_NE(probe_subject(a_node(), 30000, "Standby", "now"), subject);
  for (std::string api::NodeSystemInfo::*member :
       {&api::NodeSystemInfo::boot_id, &api::NodeSystemInfo::container_runtime_version,
        &api::NodeSystemInfo::kubelet_version}) {
    api::Node node = a_node();
    node.status.node_info.*member += "-2";
    EXPECT_NE(probe_subject(node, 30000, "Standby", ""), subject);
  }
  api::Node requested = a_node();
  requested.metadata.annotations["localregistry.dev/check-requested-at"] = "2026-12-01T00:00:00Z";
  EXPECT_NE(probe_subject(requested, 30000, "Standby", ""), subject);
  EXPECT_NE(probe_subject(a_node(), 30001, "Standby", ""), subject);
  api::Node ready_again = a_node();
  ready_again.status.conditions[0].last_transition_time = kNow;
  EXPECT_NE(probe_subject(ready_again, 30000, "Standby", ""), subject);
  api::Node renewed = a_node();
  renewed.metadata.resource_version = "17";
  EXPECT_EQ(probe_subject(renewed, 30000, "Standby", ""), subject) << "a heartbeat is no change";
}

}  // namespace
}  // namespace reconcile
