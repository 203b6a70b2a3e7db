// This file simulates the scheduler, the kubelet and the volume binder of a cluster with one node,
// as far as API objects show their work: it decides which request they send next for an object. How
// a pod fares depends only on the names of its images and its node selector, so it fares the same
// in every cluster. The functions are pure and can be called on any thread.
#pragma once

#include <optional>
#include <string>

#include "api/core.h"
#include "kube/transport.h"
#include "sim/api_server.h"
#include "sim/read.h"

namespace sim {

// A container whose image contains this text never starts, because the image cannot be pulled.
inline constexpr std::string_view kMissingImage = "missing";
// A container whose image contains this text ends as soon as it has started, each time.
inline constexpr std::string_view kCrashingImage = "crashing";

// Returns the labels of the only node.
const api::StringMap& node_labels();

// Returns the reason in the status of a container with this image that does not run; empty if it
// runs.
std::string_view waiting_reason(std::string_view image);

// The kinds of work that the node does for pods in one round.
struct PodParts {
  bool bind = true;  // the scheduler binds pods to the node
  bool run = true;   // the kubelet starts containers, which run or fail
  bool end = true;   // the kubelet stops pods that are being deleted
};

// True if the node has all labels of the node selector.
bool fits_node(const api::StringMap& node_selector);

// Returns the next request for the pod; nullopt if nothing is due. `mounted` is true if all
// PersistentVolumeClaims of the pod are bound.
std::optional<kube::Request> next_request(const Pod& pod, bool mounted, PodParts parts = {});

// Returns the next request for a PersistentVolumeClaim, which is bound or expanded at once; nullopt
// if nothing is due.
std::optional<kube::Request> next_request(const api::PersistentVolumeClaim& claim);

}  // namespace sim
