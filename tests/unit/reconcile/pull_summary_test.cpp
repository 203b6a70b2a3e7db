#include "reconcile/pull/pull_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace reconcile {
namespace {

std::vector<NodePull> some_nodes(std::size_t count) {
  std::vector<NodePull> nodes;
  for (std::size_t i = 0; i < count; ++i) {
    NodePull& node = nodes.emplace_back();
    node.node = "worker-" + std::to_string(i);
    node.state = ProbeResult::kProven;
  }
  return nodes;
}

void fail(NodePull& node, std::string reason) {
  node.state = ProbeResult::kFailing;
  node.reason = std::move(reason);
}

// Returns "False PlainHTTPRefused: message".
std::string pullable(const std::vector<NodePull>& nodes,
                     CheckObstacle obstacle = CheckObstacle::kNone) {
  const ConditionValue value = compute_pullable(summarize(nodes), obstacle);
  return std::string(value.status) + " " + value.reason + ": " + value.message;
}

TEST(PullSummary, EveryNodeThatPullsMakesItTrue) {
  EXPECT_EQ(pullable(some_nodes(1)), "True Proven: 1 node pulls from the registry");
  EXPECT_EQ(pullable(some_nodes(1000)), "True Proven: 1,000 nodes pull from the registry");
}

TEST(PullSummary, NodesThatFailAlikeGiveTheirReason) {
  auto nodes = some_nodes(1000);
  fail(nodes[9], "PlainHTTPRefused");
  fail(nodes[7], "PlainHTTPRefused");
  EXPECT_EQ(pullable(nodes),
            "False PlainHTTPRefused: 998 of 1,000 nodes pull from the registry; worker-7, worker-9 "
            "do not: "
            "PlainHTTPRefused.");
}

TEST(PullSummary, NodesThatFailForSeveralReasonsAreNamedWithThem) {
  auto nodes = some_nodes(4);
  fail(nodes[1], "NoDiskSpace");
  fail(nodes[3], "LocalhostRefused");
  EXPECT_EQ(
      pullable(nodes),
      "False SeveralReasons: 2 of 4 nodes pull from the registry; worker-1 (NoDiskSpace), worker-3 "
      "(LocalhostRefused) do not.");
}

TEST(PullSummary, OneFailureOfOneNodeIsInTheSingular) {
  auto nodes = some_nodes(2);
  fail(nodes[1], "NoDiskSpace");
  EXPECT_EQ(
      pullable(nodes),
      "False NoDiskSpace: 1 of 2 nodes pulls from the registry; worker-1 does not: NoDiskSpace.");
}

TEST(PullSummary, ManyFailuresNameThreeNodesAndTheStatusTen) {
  auto nodes = some_nodes(5000);
  for (NodePull& node : nodes) fail(node, "KubeProxyNFTables");
  EXPECT_EQ(pullable(nodes),
            "False KubeProxyNFTables: 0 of 5,000 nodes pull from the registry; worker-0, worker-1, "
            "worker-10 and 4,997 more do not: KubeProxyNFTables.");
  const PullSummary summary = summarize(nodes);
  ASSERT_EQ(summary.failures.size(), limits::kFailingNodesNamed);
  EXPECT_EQ(summary.failures[0]->node, "worker-0");
  EXPECT_EQ(summary.failures[9]->node, "worker-1005") << "the first ten by name";
}

TEST(PullSummary, AnUnknownNodeIsNeverCalledFailing) {
  auto nodes = some_nodes(3);
  nodes[2].state = ProbeResult::kUnknown;
  nodes[2].reason = "NodeFull";
  EXPECT_EQ(pullable(nodes),
            "Unknown Checking: 2 of 3 nodes pull from the registry; nothing is known of worker-2 "
            "(NodeFull).");
  nodes[2].state = ProbeResult::kNone;
  nodes[2].reason = "";
  EXPECT_EQ(pullable(nodes),
            "Unknown Checking: 2 of 3 nodes pull from the registry; nothing is known of worker-2.");
}

TEST(PullSummary, EachUnknownNodeHasItsOwnReason) {
  auto nodes = some_nodes(4);
  for (std::size_t i = 1; i < 4; ++i) nodes[i].state = ProbeResult::kUnknown;
  nodes[1].reason = "NodeFull";
  nodes[3].reason = "PullQueued";
  EXPECT_EQ(pullable(nodes),
            "Unknown Checking: 1 of 4 nodes pulls from the registry; nothing is known of "
            "worker-1 (NodeFull), worker-2, worker-3 (PullQueued).");
}

TEST(PullSummary, BesideFailingNodesThoseNotCheckedYetAreCounted) {
  auto nodes = some_nodes(1000);
  for (NodePull& node : nodes) node.state = ProbeResult::kNone;
  fail(nodes[7], "NoDiskSpace");
  EXPECT_EQ(pullable(nodes),
            "False NoDiskSpace: 0 of 1,000 nodes pull from the registry; worker-7 does not: "
            "NoDiskSpace; nothing is known of 999.");
}

TEST(PullSummary, TheCountsAddUpToTheEligibleNodes) {
  auto nodes = some_nodes(10);
  nodes[0].is_derived = nodes[1].is_derived = true;
  nodes[1].is_through_proxy = nodes[2].is_through_proxy = true;
  fail(nodes[3], "A");
  nodes[3].is_through_proxy = true;
  fail(nodes[4], "B");
  fail(nodes[5], "B");
  nodes[6].state = ProbeResult::kUnknown;
  const PullSummary summary = summarize(nodes);
  EXPECT_EQ(summary.proven, 4U);
  EXPECT_EQ(summary.derived, 2U);
  EXPECT_EQ(summary.failing, 3U);
  EXPECT_EQ(summary.unknown, 1U);
  EXPECT_EQ(summary.proven + summary.derived + summary.failing + summary.unknown, summary.eligible);
  EXPECT_EQ(summary.through_node_proxy, 2U) << "a node that fails pulls through nothing";
  EXPECT_THAT(summary.reasons, testing::ElementsAre(FailingNodes{"B", 2}, FailingNodes{"A", 1}));
  EXPECT_EQ(column_of(summary), "6/10");
}

TEST(PullSummary, WithoutNodesOrAChecksTheConditionIsUnknownWithTheCause) {
  EXPECT_THAT(pullable({}), testing::StartsWith("Unknown NoNodes: "));
  EXPECT_THAT(pullable(some_nodes(3), CheckObstacle::kDisabled),
              testing::StartsWith("Unknown Disabled: "));
  EXPECT_THAT(pullable(some_nodes(3), CheckObstacle::kForbidden),
              testing::StartsWith("Unknown Forbidden: "));
  EXPECT_THAT(pullable(some_nodes(3), CheckObstacle::kNotDeployed),
              testing::StartsWith("Unknown NotDeployed: "));
}

}  // namespace
}  // namespace reconcile
