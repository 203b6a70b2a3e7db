// Builds the Pods that probe nodes. All functions are pure and can be called on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/pods/run_once_pod.h"

namespace reconcile {

// The probe image is localhost:<nodePort>/localregistry-probe:<round>.
inline constexpr std::string_view kProbeRepository = "localregistry-probe";
inline constexpr std::string_view kProbeContainer = "probe";
inline constexpr std::string_view kProbeLabel = "localregistry.dev/pull-probe";  // the round
// The pair that the Pod probes: the uid of the LocalRegistry, and the name of the Node.
inline constexpr std::string_view kProbeRegistryAnnotation =
    "localregistry.dev/pull-probe-registry";
inline constexpr std::string_view kProbeNodeAnnotation = "localregistry.dev/pull-probe-node";

struct ProbeTarget {
  std::string namespace_name;  // the operator's own
  std::string node;            // the name of the Node
  std::string registry_uid;    // of the LocalRegistry
  std::uint16_t node_port = 0;
  std::string round;          // 16 hexadecimal digits
  api::OwnerReference owner;  // the LocalRegistryNode, so that the Pod is deleted with it
};

// Returns the name of the probe's Pod. The same pair has the same name in one round, so that no
// pair is probed twice at once, even after the operator restarts.
std::string probe_name(const ProbeTarget& target);

// Returns the Pod. It satisfies the Pod Security level `restricted`, tolerates all taints, and asks
// the registry every time. Its container ends with exit code 0.
api::RunOncePod build_probe_pod(const ProbeTarget& target);

}  // namespace reconcile
