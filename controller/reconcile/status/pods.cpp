#include "reconcile/status/pods.h"

#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "reconcile/children/names.h"

namespace reconcile {
namespace {

template <class T>
Workload workload_of(const Observed& observed, const std::shared_ptr<const T>& object,
                     ObjectRole role) {
  if (!is_child(observed, object)) return {};
  return {&object->metadata, &object->spec.replicas, &object->spec.pod_template, &object->status,
          role};
}

// Returns whether the pod belongs to the workload. A StatefulSet owns its pods; a Deployment owns a
// ReplicaSet named after it, which owns the pods. The ReplicaSet of another Deployment with a
// longer name may look the same, so the pod's instance label has to match as well.
bool is_pod_of(const api::Pod& pod, const Workload& workload) {
  const api::ObjectMeta& meta = pod.metadata;
  if (meta.namespace_name != workload.metadata->namespace_name) return false;
  if (api::lookup(meta.labels, api::kInstanceLabel) != workload.metadata->name) return false;
  for (const api::OwnerReference& owner : pod.metadata.owner_references) {
    if (owner.uid == workload.metadata->uid) return true;
    if (workload.role == ObjectRole::kDeployment && owner.kind == "ReplicaSet" &&
        owner.name.starts_with(workload.metadata->name + "-")) {
      return true;
    }
  }
  return false;
}

bool has_started(const api::ContainerStatus& container) {
  return container.state.running || container.state.terminated || container.last_state.terminated ||
         container.restart_count > 0 || container.ready;
}

bool may_hold_images(const api::Pod& pod) {
  const api::ContainerStatus* container = find_container(pod, kRegistryContainer);
  return container != nullptr ? has_started(*container) : pod.status.phase == "Running";
}

// Returns when the event last occurred. Its recorder set one of three fields to that time.
base::Time last_time(const api::EventSummary& event) {
  const base::Time of_series = event.series ? event.series->last_observed_time.time : base::Time();
  return std::max(
      {event.event_time.time, of_series, event.deprecated_last_timestamp.value_or(base::Time())});
}

}  // namespace

Workload find_workload(const Observed& observed) {
  return observed.registry->spec.persistence.enabled
             ? workload_of(observed, observed.stateful_set(), ObjectRole::kStatefulSet)
             : workload_of(observed, observed.deployment(), ObjectRole::kDeployment);
}

bool is_terminating_or_ended(const api::Pod& pod) {
  return is_terminating(pod.metadata) || pod.status.phase == "Failed" ||
         pod.status.phase == "Succeeded";
}

const api::Pod* find_pod(const Observed& observed, const Workload& workload) {
  const api::Pod* newest = nullptr;
  const auto age = [](const api::Pod& pod) {
    return std::tuple(pod.metadata.creation_timestamp.value_or(base::Time()),
                      std::string_view(pod.metadata.name));
  };
  for (const auto& pod : observed.pods) {
    if (is_terminating_or_ended(*pod) || !is_pod_of(*pod, workload)) continue;
    if (newest == nullptr || age(*newest) < age(*pod)) newest = pod.get();
  }
  return newest;
}

bool has_no_pod(const Observed& observed, const Workload& workload) {
  return workload.metadata != nullptr && workload.role == ObjectRole::kStatefulSet &&
         !is_terminating(*workload.metadata) && workload.replicas->value_or(1) > 0 &&
         workload.status->observed_generation >= workload.metadata->generation &&
         workload.status->replicas == 0 && find_pod(observed, workload) == nullptr;
}

std::string_view refusal_of_pods(const Observed& observed, const Workload& workload) {
  if (workload.metadata == nullptr) return "";
  if (has_no_pod(observed, workload) && observed.pod_refusal) return observed.pod_refusal->message;
  const api::Condition* failure =
      api::find_condition(workload.status->conditions, "ReplicaFailure");
  return failure != nullptr && failure->status == api::condition_status::kTrue ? failure->message
                                                                               : std::string_view();
}

std::string latest_refusal(const std::vector<api::EventSummary>& events, base::Time since) {
  constexpr std::string_view kIntroduction = " failed error: ";
  const api::EventSummary* latest = nullptr;
  for (const api::EventSummary& event : events) {
    if (last_time(event) < since) continue;
    if (latest == nullptr || last_time(*latest) < last_time(event)) latest = &event;
  }
  if (latest == nullptr) return "";
  const std::size_t introduction = latest->note.find(kIntroduction);
  return introduction == std::string::npos
             ? latest->note
             : latest->note.substr(introduction + kIntroduction.size());
}

bool has_terminating_pod(const Observed& observed, const Workload& workload) {
  return std::any_of(observed.pods.begin(), observed.pods.end(), [&](const auto& pod) {
    return is_terminating(pod->metadata) && is_pod_of(*pod, workload);
  });
}

bool has_container(const api::PodTemplateSpec& pod, std::string_view name) {
  return std::any_of(pod.spec.containers.begin(), pod.spec.containers.end(),
                     [&](const api::Container& container) { return container.name == name; });
}

const api::ContainerStatus* find_container(const api::Pod& pod, std::string_view name) {
  for (const api::ContainerStatus& container : pod.status.container_statuses) {
    if (container.name == name) return &container;
  }
  return nullptr;
}

bool waits_for_reason(const api::ContainerStatus& container) {
  return container.state.waiting && !container.state.waiting->reason.empty() &&
         container.state.waiting->reason != api::kContainerCreating &&
         container.state.waiting->reason != api::kPodInitializing;
}

const api::ContainerStateTerminated* find_crash(const api::ContainerStatus& container,
                                                base::Time now) {
  if (container.ready) return nullptr;
  if (container.state.terminated) return &*container.state.terminated;
  if (!container.last_state.terminated) return nullptr;
  const auto& running = container.state.running;
  if (running && running->started_at && now - *running->started_at > limits::kCrashMemory) {
    return nullptr;
  }
  return &*container.last_state.terminated;
}

bool is_ready(const api::Pod& pod, const api::ContainerStatus& container) {
  const auto& conditions = pod.status.conditions;
  return container.ready && (api::is_true(conditions, "Ready") ||
                             api::reason_of(conditions, "Ready") == "ContainersNotReady");
}

bool may_hold_images(const Observed& observed, const Workload& workload) {
  if (workload.metadata == nullptr) return false;
  // The workload's status counts as well, because the cache may not show the pod: another client
  // may have removed the label by which pods are watched, or the cache is stale and shows only an
  // earlier pod.
  if (workload.status->ready_replicas > 0) return true;
  return std::any_of(observed.pods.begin(), observed.pods.end(), [&](const auto& pod) {
    return !is_terminating_or_ended(*pod) && is_pod_of(*pod, workload) && may_hold_images(*pod);
  });
}

}  // namespace reconcile
