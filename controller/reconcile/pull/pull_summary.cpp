#include "reconcile/pull/pull_summary.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/limits.h"

namespace reconcile {
namespace {

using api::condition_status::kFalse;
using api::condition_status::kTrue;
using api::condition_status::kUnknown;

constexpr std::size_t kNamed = 3;  // nodes in the message of the condition

// Returns "1,000".
std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, ",");
  return text;
}

// Returns "998 of 1,000 nodes pull from the registry".
std::string pulling_in_words(const PullSummary& summary) {
  return fmt::format("{} of {} {} {} from the registry", grouped(summary.pulling()),
                     grouped(summary.eligible), summary.eligible == 1 ? "node" : "nodes",
                     summary.pulling() == 1 ? "pulls" : "pull");
}

// Returns "worker-1, worker-2 and 7 more". With `with_reasons`: "worker-1 (NoDiskSpace), …"; a node
// without a reason is only named.
std::string names(const std::vector<const NodePull*>& nodes, std::size_t all, bool with_reasons) {
  std::string text;
  const std::size_t shown = std::min(kNamed, nodes.size());
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ", ";
    text += nodes[i]->node;
    if (with_reasons && !nodes[i]->reason.empty()) text += fmt::format(" ({})", nodes[i]->reason);
  }
  if (all > shown) text += fmt::format(" and {} more", grouped(all - shown));
  return text;
}

// Adds a node to a list of the first limits::kFailingNodesNamed by name.
void add_by_name(std::vector<const NodePull*>& list, const NodePull& node) {
  const auto place =
      std::upper_bound(list.begin(), list.end(), &node,
                       [](const NodePull* a, const NodePull* b) { return a->node < b->node; });
  list.insert(place, &node);
  if (list.size() > limits::kFailingNodesNamed) list.pop_back();
}

std::vector<FailingNodes> most_frequent(const std::map<std::string_view, std::size_t>& counts) {
  std::vector<FailingNodes> reasons;
  reasons.reserve(counts.size());
  for (const auto& [reason, nodes] : counts) reasons.push_back({reason, nodes});
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.nodes > b.nodes; });
  if (reasons.size() > limits::kPullReasons) reasons.resize(limits::kPullReasons);
  return reasons;
}

ConditionValue failing(const PullSummary& summary) {
  const bool has_one_reason = summary.reasons.size() == 1;
  const std::string_view reason =
      has_one_reason ? summary.reasons.front().reason : pullable_reason::kSeveralReasons;
  std::string message = fmt::format("{}; {} {} not", pulling_in_words(summary),
                                    names(summary.failures, summary.failing, !has_one_reason),
                                    summary.failing == 1 ? "does" : "do");
  if (has_one_reason) message += fmt::format(": {}", reason);
  if (summary.unknown > 0)
    message += fmt::format("; nothing is known of {}", grouped(summary.unknown));
  return {kFalse, std::string(reason), message + "."};
}

ConditionValue checking(const PullSummary& summary) {
  return {kUnknown, std::string(pullable_reason::kChecking),
          fmt::format("{}; nothing is known of {}.", pulling_in_words(summary),
                      names(summary.unknowns, summary.unknown, true))};
}

ConditionValue unchecked(std::string_view reason, std::string message) {
  return {kUnknown, std::string(reason), std::move(message)};
}

}  // namespace

PullSummary summarize(const std::vector<NodePull>& nodes) {
  PullSummary summary;
  summary.eligible = nodes.size();
  std::map<std::string_view, std::size_t> reasons;
  for (const NodePull& node : nodes) {
    switch (node.state) {
      case ProbeResult::kProven:
        ++(node.is_derived ? summary.derived : summary.proven);
        if (node.is_through_proxy) ++summary.through_node_proxy;
        break;
      case ProbeResult::kFailing:
        ++summary.failing;
        ++reasons[node.reason];
        add_by_name(summary.failures, node);
        break;
      default:
        ++summary.unknown;
        add_by_name(summary.unknowns, node);
        break;
    }
  }
  summary.reasons = most_frequent(reasons);
  return summary;
}

ConditionValue compute_pullable(const PullSummary& summary, CheckObstacle obstacle) {
  switch (obstacle) {
    case CheckObstacle::kDisabled:
      return unchecked(pullable_reason::kDisabled,
                       "nodes are not checked: spec.pullCheck is Disabled, or the operator runs "
                       "with --pull-checks=false");
    case CheckObstacle::kForbidden:
      return unchecked(
          pullable_reason::kForbidden,
          "nodes are not checked, because the operator may not list Nodes: grant it get, list and "
          "watch on nodes");
    case CheckObstacle::kNotDeployed:
      return unchecked(pullable_reason::kNotDeployed,
                       "no registry runs that nodes could pull from");
    case CheckObstacle::kNone: break;
  }
  if (summary.eligible == 0) {
    return unchecked(pullable_reason::kNoNodes, "the cluster has no node that can be checked");
  }
  if (summary.failing > 0) return failing(summary);
  if (summary.unknown > 0) return checking(summary);
  return {kTrue, std::string(pullable_reason::kProven),
          fmt::format("{} {} from the registry", grouped(summary.eligible),
                      summary.eligible == 1 ? "node pulls" : "nodes pull")};
}

std::string column_of(const PullSummary& summary) {
  return fmt::format("{}/{}", summary.pulling(), summary.eligible);
}

}  // namespace reconcile
