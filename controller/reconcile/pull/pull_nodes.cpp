#include "reconcile/pull/pull_nodes.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "base/text/hash.h"

namespace reconcile {
namespace {

constexpr std::string_view kLinux = "linux";
constexpr std::string_view kReadyCondition = "Ready";

// The labels by which virtual nodes are known: those of virtual-kubelet and of AWS Fargate.
struct VirtualLabel {
  std::string_view key;
  std::string_view value;
};
constexpr VirtualLabel kVirtualLabels[] = {{"type", "virtual-kubelet"},
                                           {"eks.amazonaws.com/compute-type", "fargate"}};

bool is_virtual(const api::Node& node) {
  for (const VirtualLabel& label : kVirtualLabels) {
    if (api::lookup(node.metadata.labels, label.key) == label.value) return true;
  }
  return false;
}

// Returns the reason for which the node is skipped whatever its condition is; empty: there is none.
std::string_view lasting_reason(const api::Node& node) {
  const std::string& system = node.status.node_info.operating_system;
  if (!system.empty() && system != kLinux) return skip_reason::kNotLinux;
  if (is_virtual(node)) return skip_reason::kVirtualNode;
  if (node.metadata.deletion_timestamp) return skip_reason::kBeingDeleted;
  const bool is_disabled =
      api::lookup(node.metadata.annotations, kPullCheckAnnotation) == "disabled";
  return is_disabled ? skip_reason::kDisabled : std::string_view();
}

// Returns since when the node is not ready; nullopt if it is ready.
std::optional<base::Time> not_ready_since(const api::Node& node) {
  const api::Condition* ready = api::find_condition(node.status.conditions, kReadyCondition);
  if (ready != nullptr && ready->status == api::condition_status::kTrue) return std::nullopt;
  const base::Time created = node.metadata.creation_timestamp.value_or(base::Time());
  return ready == nullptr ? created : ready->last_transition_time.value_or(created);
}

}  // namespace

NodeDecision decide_node(const api::Node& node, base::Time now) {
  if (const auto reason = lasting_reason(node); !reason.empty()) {
    return {NodeUse::kSkipped, reason, {}};
  }
  const auto since = not_ready_since(node);
  if (!since) return {};
  // The clock of the node's controller may be ahead.
  const auto left = std::min(*since, now) + limits::kNodeNotReadyTime - now;
  if (left <= base::Time::duration::zero()) return {NodeUse::kSkipped, skip_reason::kNotReady, {}};
  return {NodeUse::kPaused, skip_reason::kNotReady,
          std::chrono::ceil<std::chrono::milliseconds>(left)};
}

std::string probe_subject(const api::Node& node, std::uint16_t node_port,
                          std::string_view proxy_state, std::string_view requested_for_registry) {
  const api::NodeSystemInfo& info = node.status.node_info;
  const api::Condition* ready = api::find_condition(node.status.conditions, kReadyCondition);
  std::string ready_since;
  if (ready != nullptr && ready->last_transition_time) {
    ready_since = base::format_seconds(*ready->last_transition_time);
  }
  const auto requested = api::lookup(node.metadata.annotations, kCheckRequestedAnnotation);
  const std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", info.boot_id, ready_since,
                                       info.container_runtime_version, info.kubelet_version,
                                       node_port, proxy_state, requested, requested_for_registry);
  return fmt::format("{:016x}", base::fnv1a(text));
}

}  // namespace reconcile
