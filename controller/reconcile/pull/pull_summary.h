// Sums up what is known of the nodes that pull from one registry: counts, the nodes that fail, and
// the condition Pullable. All functions are pure and can be called on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "reconcile/pull/probe_verdict.h"
#include "reconcile/status/availability.h"

namespace reconcile {

// Reasons of the condition Pullable beside those of pull_reason.
namespace pullable_reason {
inline constexpr std::string_view kProven = "Proven";
inline constexpr std::string_view kSeveralReasons = "SeveralReasons";
inline constexpr std::string_view kChecking = "Checking";
inline constexpr std::string_view kNotDeployed = "NotDeployed";
inline constexpr std::string_view kNoNodes = "NoNodes";
inline constexpr std::string_view kDisabled = "Disabled";
inline constexpr std::string_view kForbidden = "Forbidden";
}  // namespace pullable_reason

// What is known of one node for one registry.
struct NodePull {
  std::string node;
  ProbeResult state = ProbeResult::kNone;
  // kProven by probes of other pairs: the node pulls from another registry, and this registry is
  // proven on other nodes.
  bool is_derived = false;
  bool is_through_proxy = false;  // the node proxy serves the port there
  std::string reason;             // of kFailing and kUnknown
  std::string message;            // of kFailing
  base::Time since;
};

struct FailingNodes {
  std::string_view reason;
  std::size_t nodes = 0;

  bool operator==(const FailingNodes&) const = default;
};

// The pointers are to the nodes that summarize() got.
struct PullSummary {
  std::size_t eligible = 0;  // the sum of the next four
  std::size_t proven = 0;
  std::size_t derived = 0;
  std::size_t failing = 0;
  std::size_t unknown = 0;
  std::size_t through_node_proxy = 0;  // of those that are proven or derived
  // The reasons with the most nodes first, at most limits::kPullReasons.
  std::vector<FailingNodes> reasons;
  // The first nodes by name, at most limits::kFailingNodesNamed.
  std::vector<const NodePull*> failures;
  std::vector<const NodePull*> unknowns;

  std::size_t pulling() const { return proven + derived; }
};
PullSummary summarize(const std::vector<NodePull>& nodes);

// What keeps the operator from checking nodes.
enum class CheckObstacle {
  kNone,
  kDisabled,     // spec.pullCheck is Disabled, or a flag of the operator
  kForbidden,    // the operator may not list nodes
  kNotDeployed,  // no registry runs, or none is needed
};

// Returns the condition Pullable: True if every node is proven or derived, False if one fails,
// Unknown otherwise.
ConditionValue compute_pullable(const PullSummary& summary, CheckObstacle obstacle);

// Returns "998/1000", for a column of kubectl.
std::string column_of(const PullSummary& summary);

}  // namespace reconcile
