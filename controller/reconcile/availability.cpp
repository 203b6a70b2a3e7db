#include "reconcile/availability.h"

#include <fmt/core.h>

#include <tuple>

#include "reconcile/decision.h"
#include "reconcile/names.h"
#include "reconcile/node_port.h"
#include "reconcile/reasons.h"

namespace reconcile {
namespace {

constexpr std::string_view kTrue = "True";
constexpr std::string_view kFalse = "False";

// The workload that the spec asks for, of either kind; without metadata when it is absent.
struct Workload {
  const api::ObjectMeta* metadata = nullptr;
  const api::WorkloadStatus* status = nullptr;
  Target target = Target::kDeployment;
};

Workload find_workload(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  if (registry.spec.persistence.enabled) {
    if (!observed.stateful_set || !belongs_to(observed.stateful_set->metadata, registry)) return {};
    return {&observed.stateful_set->metadata, &observed.stateful_set->status, Target::kStatefulSet};
  }
  if (!observed.deployment || !belongs_to(observed.deployment->metadata, registry)) return {};
  return {&observed.deployment->metadata, &observed.deployment->status, Target::kDeployment};
}

// Pods that are going, were evicted or have ended tell nothing of those in their place.
bool is_over(const api::Pod& pod) {
  return is_terminating(pod.metadata) || pod.status.phase == "Failed" ||
         pod.status.phase == "Succeeded";
}

// A StatefulSet controls its pods; a Deployment does so through a ReplicaSet named after it, as
// that of another Deployment with a longer name may seem to be: the pods' label tells.
bool is_pod_of(const api::Pod& pod, const Workload& workload) {
  const api::ObjectMeta& meta = pod.metadata;
  if (meta.namespace_name != workload.metadata->namespace_name) return false;
  if (api::lookup(meta.labels, api::kInstanceLabel) != workload.metadata->name) return false;
  for (const api::OwnerReference& owner : pod.metadata.owner_references) {
    if (owner.uid == workload.metadata->uid) return true;
    if (workload.target == Target::kDeployment && owner.kind == "ReplicaSet" &&
        owner.name.starts_with(workload.metadata->name + "-")) {
      return true;
    }
  }
  return false;
}

// The newest, so that the same pods in another order tell the same.
const api::Pod* find_pod(const Observed& observed, const Workload& workload) {
  const api::Pod* newest = nullptr;
  const auto age = [](const api::Pod& pod) {
    return std::tuple(pod.metadata.creation_timestamp.value_or(base::Time()),
                      std::string_view(pod.metadata.name));
  };
  for (const auto& pod : observed.pods) {
    if (is_over(*pod) || !is_pod_of(*pod, workload)) continue;
    if (newest == nullptr || age(*newest) < age(*pod)) newest = pod.get();
  }
  return newest;
}

const api::ContainerStatus* find_container(const api::Pod& pod, std::string_view name) {
  for (const api::ContainerStatus& container : pod.status.container_statuses) {
    if (container.name == name) return &container;
  }
  return nullptr;
}

// The kubelet's word for a container counts only while the kubelet has it: when the node is lost,
// somebody else makes the pod unready and the containers' states stay as they were.
bool is_ready(const api::Pod& pod, const api::ContainerStatus& container) {
  const api::Condition* ready = api::find_condition(pod.status.conditions, "Ready");
  return container.ready && ready != nullptr &&
         (ready->status == kTrue || ready->reason == "ContainersNotReady");
}

// The pod runs what the workload says now, not what it said before.
bool is_rolled_out(const Workload& workload) {
  return workload.status->observed_generation >= workload.metadata->generation &&
         workload.status->updated_replicas > 0;
}

// "Back-off pulling image …: ErrImagePull: why" and "why" take turns; both are told as "why".
std::string pull_problem(std::string_view message) {
  constexpr std::string_view kMarker = "ErrImagePull: ";
  const std::size_t at = message.find(kMarker);
  return std::string(at == std::string_view::npos ? message : message.substr(at + kMarker.size()));
}

Judgement waiting(const api::ContainerStatus& container) {
  const api::ContainerStateWaiting& state = *container.state.waiting;
  if (state.reason == reason::kImagePullBackOff || state.reason == reason::kErrImagePull) {
    return {kFalse, std::string(reason::kImagePullBackOff), pull_problem(state.message)};
  }
  if (state.reason == reason::kCrashLoopBackOff) {  // its message counts the seconds
    return {kFalse, state.reason,
            fmt::format("container {} keeps failing: kubectl logs -c {} tells more", container.name,
                        container.name)};
  }
  return {kFalse, state.reason, state.message};
}

bool tells_something(const api::ContainerStatus& container) {
  return container.state.waiting && !container.state.waiting->reason.empty() &&
         container.state.waiting->reason != "ContainerCreating" &&
         container.state.waiting->reason != "PodInitializing";
}

std::string_view reason_for(std::string_view message) {
  if (message.find("exceeded quota") != std::string_view::npos) return reason::kQuotaExceeded;
  if (message.find("violates PodSecurity") != std::string_view::npos) return reason::kPodSecurity;
  if (message.find("forbidden") != std::string_view::npos) return reason::kForbidden;
  return reason::kFailed;
}

// Pods that cannot be made.
std::optional<Judgement> judge_replicas(const Workload& workload) {
  const api::Condition* failure =
      api::find_condition(workload.status->conditions, "ReplicaFailure");
  if (failure == nullptr || failure->status != kTrue) return std::nullopt;
  return Judgement{kFalse, std::string(reason_for(failure->message)), failure->message};
}

std::optional<Judgement> judge_scheduling(const api::Pod& pod) {
  const api::Condition* scheduled = api::find_condition(pod.status.conditions, "PodScheduled");
  if (scheduled == nullptr || scheduled->status != kFalse) return std::nullopt;
  return Judgement{kFalse, std::string(reason::kUnschedulable), scheduled->message};
}

// Why a container of the workload is not ready, or nothing when it is.
std::optional<Judgement> judge_container(const Observed& observed, const Workload& workload,
                                         std::string_view container_name,
                                         std::string_view starting) {
  const Judgement not_yet = {kFalse, std::string(starting),
                             fmt::format("container {} is starting", container_name)};
  const api::Pod* pod = find_pod(observed, workload);
  const api::ContainerStatus* container =
      pod == nullptr ? nullptr : find_container(*pod, container_name);
  if (container != nullptr && tells_something(*container)) return waiting(*container);
  if (auto failure = judge_replicas(workload)) return failure;
  if (pod != nullptr) {
    if (auto failure = judge_scheduling(*pod)) return failure;
  }
  if (!is_rolled_out(workload)) return not_yet;
  if (workload.status->ready_replicas > 0) return std::nullopt;
  if (container != nullptr && is_ready(*pod, *container)) return std::nullopt;
  return not_yet;
}

Judgement not_deployed(const Observed& observed) {
  return {kFalse, std::string(reason::kNotDeployed), std::string(why_not_deployed(observed))};
}

// A write that the API server refused.
std::optional<Judgement> judge_failure(const Observed& observed,
                                       std::initializer_list<Target> targets) {
  for (const Target target : targets) {
    const Failure* failure = find_failure(observed, target);
    if (failure == nullptr) continue;
    const std::string_view reason = failure->error.code == base::ErrorCode::kForbidden
                                        ? reason_for(failure->error.message)
                                        : reason::kFailed;
    const std::string& name = target == Target::kResource ? observed.registry->metadata.name
                                                          : observed.registry->spec.name;
    return Judgement{kFalse, std::string(reason),
                     fmt::format("{} {}: {}", kind(target), name, failure->error.message)};
  }
  return std::nullopt;
}

}  // namespace

Judgement judge_registry(const Observed& observed) {
  const Workload workload = find_workload(observed);
  if (workload.metadata == nullptr && !is_deployed(observed)) return not_deployed(observed);
  const bool has_service =
      observed.service && belongs_to(observed.service->metadata, *observed.registry);
  if (workload.metadata == nullptr || !has_service) {
    if (auto failure = judge_failure(observed, {Target::kDeployment, Target::kStatefulSet,
                                                Target::kService, Target::kResource})) {
      return *failure;
    }
    return {kFalse, std::string(reason::kDeploying),
            fmt::format("{} is not there yet",
                        workload.metadata == nullptr ? "the workload" : "the Service")};
  }
  if (node_port_of(*observed.service) == 0) {
    return {kFalse, std::string(reason::kDeploying), "the Service has no node port yet"};
  }
  if (auto problem = judge_container(observed, workload, kRegistryContainer, reason::kDeploying)) {
    return *problem;
  }
  if (auto failure = judge_failure(  // what runs is not what is asked for
          observed, {Target::kDeployment, Target::kStatefulSet, Target::kService})) {
    return {kTrue, std::string(reason::kAvailable),
            fmt::format("the registry answers, but a change was refused: {}", failure->message)};
  }
  return {kTrue, std::string(reason::kAvailable), "the registry answers"};
}

Judgement judge_buildkit(const Observed& observed) {
  const Workload workload = find_workload(observed);
  if (workload.metadata == nullptr && !is_deployed(observed)) return not_deployed(observed);
  if (observed.registry->spec.localbuild) {
    return {kFalse, std::string(reason::kLocalBuild),
            "spec.localbuild is true: images are built by a local Docker"};
  }
  if (buildkit_is_forbidden(observed)) {
    const bool by_label = label_forbids_buildkit(observed);
    return {kFalse, std::string(by_label ? reason::kPodSecurity : reason::kPodSecurityDefault),
            fmt::format("Pod Security {} {} forbids rootless BuildKit: the registry runs without "
                        "it; build with Docker, or label the namespace with the level privileged",
                        by_label ? "in namespace" : "as the cluster's default for namespace",
                        api::target_namespace(*observed.registry))};
  }
  if (workload.metadata == nullptr) {
    return {kFalse, std::string(reason::kStarting), "the workload is not there yet"};
  }
  if (auto problem = judge_container(observed, workload, kBuildKitContainer, reason::kStarting)) {
    return *problem;
  }
  return {kTrue, std::string(reason::kReady), "BuildKit takes builds"};
}

}  // namespace reconcile
