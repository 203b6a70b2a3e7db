// The scheduler, the kubelet and the volume binder of a cluster with one node, as far as objects of
// the API show them: which request each object asks for next. What becomes of a pod is read from
// the names of its images and from its node selector, so that the same pod fares the same wherever
// it runs. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "api/core.h"
#include "kube/transport.h"
#include "sim/api_server.h"
#include "sim/read.h"

namespace sim {

// A container whose image contains this never starts: it cannot be pulled.
inline constexpr std::string_view kMissingImage = "missing";
// A container whose image contains this ends as soon as it has started, again and again.
inline constexpr std::string_view kCrashingImage = "crashing";

// Of the only node.
const api::StringMap& node_labels();

// Why a container with that image does not run, as its status says; empty: it runs.
std::string_view waiting_reason(std::string_view image);

// What the node does with pods in one round.
struct PodParts {
  bool bind = true;  // the scheduler finds a node for them
  bool run = true;   // their containers start or fail
  bool end = true;   // those that are being deleted stop
};

// Whether the node has all labels that the node selector asks for.
bool fits_node(const api::StringMap& node_selector);

// The next request for the pod; nothing: the pod is as it should be. mounted: whether all
// PersistentVolumeClaims of the pod are bound.
std::optional<kube::Request> next_request(const Pod& pod, bool mounted, PodParts parts = {});

// Likewise for a PersistentVolumeClaim, which is bound at once.
std::optional<kube::Request> next_request(const api::PersistentVolumeClaim& claim);

}  // namespace sim
