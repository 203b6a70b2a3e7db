// Judges a probe: a Pod that runs the probe image on one node to prove that the node can pull from
// a registry. All functions are pure and can be called on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "api/pods/pod.h"

namespace reconcile {

enum class ProbeResult {
  kNone,     // nothing is known yet
  kProven,   // the image was pulled
  kFailing,  // the node cannot pull it
  kUnknown,  // the probe says nothing about the node, for example because the node is full
};

struct ProbeVerdict {
  ProbeResult result = ProbeResult::kNone;
  std::string reason;      // of kFailing and kUnknown: one of pull_reason, or the kubelet's own
  std::string message;     // the text of the kubelet and its runtime; empty: there is none
  bool has_ended = false;  // the verdict is final; the Pod can be deleted
  // If the Pod has not ended: after this time the verdict may change without a watch event.
  std::optional<std::chrono::milliseconds> recheck_after;

  bool operator==(const ProbeVerdict&) const = default;
};

// Returns the verdict on the probe. The kubelet creates the sandbox, pulls, creates the container
// and starts it, in this order, so every state that is known to follow the pull proves the pull.
// `node_port`: the port from which the node pulls. `age`: the time since the operator created the
// Pod, by a steady clock.
ProbeVerdict judge_probe(const api::Pod& pod, std::uint16_t node_port,
                         std::chrono::milliseconds age);

}  // namespace reconcile
