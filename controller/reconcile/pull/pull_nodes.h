// Decides which nodes are probed, and when a node has changed so much that it is probed again. All
// functions are pure and can be called on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/core.h"
#include "base/time.h"

namespace reconcile {

// With the value "disabled" on a Node, the node gets no probes.
inline constexpr std::string_view kPullCheckAnnotation = "localregistry.dev/pull-check";
// A new value on a Node or a LocalRegistry asks for new probes.
inline constexpr std::string_view kCheckRequestedAnnotation =
    "localregistry.dev/check-requested-at";

// Why a node gets no probes.
namespace skip_reason {
inline constexpr std::string_view kNotLinux = "NotLinux";
inline constexpr std::string_view kVirtualNode =
    "VirtualNode";  // no kubelet of Kubernetes runs there
inline constexpr std::string_view kBeingDeleted = "BeingDeleted";
inline constexpr std::string_view kDisabled = "Disabled";
inline constexpr std::string_view kNotReady = "NotReady";
}  // namespace skip_reason

enum class NodeUse {
  kProbed,
  kPaused,   // not ready for a short time: no probe starts, and what is known of it still counts
  kSkipped,  // no probes, and it does not count
};

struct NodeDecision {
  NodeUse use = NodeUse::kProbed;
  std::string_view reason;  // of kPaused and kSkipped: one of skip_reason
  // When the decision changes without a watch event; nullopt: never.
  std::optional<std::chrono::milliseconds> recheck_after;

  bool operator==(const NodeDecision&) const = default;
};

// Returns whether the node is probed. `now`: the wall clock.
NodeDecision decide_node(const api::Node& node, base::Time now);

// Returns a hash of what the pull depends on: the node's boot, when it became ready, the versions
// of its runtime and its kubelet, the state that the node proxy reports, the node port, and the
// requested check of the node or the registry. The pair is probed again when it changes.
std::string probe_subject(const api::Node& node, std::uint16_t node_port,
                          std::string_view proxy_state, std::string_view requested_for_registry);

}  // namespace reconcile
