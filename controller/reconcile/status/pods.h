// Answers questions about the observed workload of a registry and its pods. All functions are pure
// and can be called on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/coordination.h"
#include "reconcile/observed.h"

namespace reconcile {

// The observed workload of the kind that the spec asks for, a Deployment or a StatefulSet. All
// pointers are null when it is absent.
struct Workload {
  const api::ObjectMeta* metadata = nullptr;
  const std::optional<int>* replicas = nullptr;
  const api::PodTemplateSpec* pod_template = nullptr;
  const api::WorkloadStatus* status = nullptr;
  ObjectRole role = ObjectRole::kDeployment;
};

Workload find_workload(const Observed& observed);

// Returns true for a pod that is being deleted, was evicted or has ended: another pod replaces such
// a pod.
bool is_terminating_or_ended(const api::Pod& pod);

// Returns the newest pod of the workload for which is_terminating_or_ended() is false; null when
// there is none. The order of the pods does not matter.
const api::Pod* find_pod(const Observed& observed, const Workload& workload);

// Returns true for a StatefulSet whose controller has seen the current spec and has not created a
// pod.
bool has_no_pod(const Observed& observed, const Workload& workload);

// Returns why the workload's controller cannot create a pod, in the API server's words; empty when
// no refusal is known. For a StatefulSet, the refusal is that in Observed::pod_refusal.
std::string_view refusal_of_pods(const Observed& observed, const Workload& workload);

// Returns the API server's message from the latest of these events, in which the StatefulSet
// controller reports that it could not create a pod. The controller's introductory words are
// removed, and events before `since` are ignored. Empty: there is no event since then. Source:
// recordPodEvent in pkg/controller/statefulset of Kubernetes.
std::string latest_refusal(const std::vector<api::EventSummary>& events, base::Time since);

// True while a pod of the workload is being deleted.
bool has_terminating_pod(const Observed& observed, const Workload& workload);

bool has_container(const api::PodTemplateSpec& pod, std::string_view name);

const api::ContainerStatus* find_container(const api::Pod& pod, std::string_view name);

// Returns whether the container is ready and the kubelet still reports its state. When a node is
// lost, the node lifecycle controller makes the pod unready, but the container statuses stay
// unchanged.
bool is_ready(const api::Pod& pod, const api::ContainerStatus& container);

// Returns whether the container is in state `waiting` with a reason worth reporting, such as
// ImagePullBackOff.
bool waits_for_reason(const api::ContainerStatus& container);

// Returns how the container's last run ended, if the container is not ready because of that crash;
// null otherwise. Between two crashes the result stays the same: both while the container runs for
// a moment and during the back-off.
const api::ContainerStateTerminated* find_crash(const api::ContainerStatus& container,
                                                base::Time now);

// Returns whether the volumes of a pod of the workload may hold images: the registry's container
// runs, or has run. An emptyDir outlives a crash of its container.
bool may_hold_images(const Observed& observed, const Workload& workload);

}  // namespace reconcile
