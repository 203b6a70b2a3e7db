#include "reconcile/status/availability.h"

#include <fmt/core.h>

#include <utility>

#include "api/error_texts.h"
#include "base/limits.h"
#include "base/text/quote.h"
#include "base/text/text.h"
#include "reconcile/checks/decision.h"
#include "reconcile/children/names.h"
#include "reconcile/children/node_port.h"
#include "reconcile/status/pods.h"
#include "reconcile/status/reasons.h"
#include "reconcile/status/text.h"

namespace reconcile {
namespace {

using api::condition_status::kFalse;
using api::condition_status::kTrue;

// Returns whether a pod runs the current generation of the workload, not an earlier one.
bool is_rolled_out(const Workload& workload) {
  return workload.status->observed_generation >= workload.metadata->generation &&
         workload.status->updated_replicas > 0;
}

// Returns the cause of a failed image pull. The kubelet's message alternates between "Back-off
// pulling image …: ErrImagePull: CAUSE" and "CAUSE"; the result does not.
std::string pull_problem(std::string_view message) {
  constexpr std::string_view kMarker = "ErrImagePull: ";
  const std::size_t at = message.find(kMarker);
  return std::string(at == std::string_view::npos ? message : message.substr(at + kMarker.size()));
}

bool mentions_error(std::string_view line) {
  for (const std::string_view word : {"error", "fatal", "failed", "denied", "Error"}) {
    if (line.find(word) != std::string_view::npos) return true;
  }
  return false;
}

// Returns the line of a container's log that explains why the container ended: the first line of a
// Go program's panic, else the last line that mentions an error, else the last line.
std::string_view explaining_line(std::string_view log) {
  std::string_view last;
  std::string_view error;
  for (const std::string_view line : base::parts(log, '\n')) {
    if (line.starts_with("panic: ") || line.starts_with("fatal error: ")) return line;
    if (!line.empty()) last = line;
    if (mentions_error(line)) error = line;
  }
  return error.empty() ? last : error;
}

std::string why_it_ended(const api::ContainerStateTerminated& end) {
  if (end.reason == reason::kOomKilled) return "it needs more memory than its limit";
  const std::string line =
      base::cut_line(explaining_line(end.message), limits::kTerminationMessageBytes);
  return line.empty() ? fmt::format("exit code {}", end.exit_code) : line;
}

std::string crash_remedy(const api::ContainerStateTerminated& end, bool is_registry) {
  if (end.reason == reason::kOomKilled) {
    return fmt::format("raise spec.{}.limits.memory",
                       is_registry ? "resources" : "buildKitResources");
  }
  if (is_registry) return "see kubectl logs -c registry --previous";
  return "see kubectl logs -c buildkitd --previous; where nodes do not allow rootless BuildKit "
         "(sysctl user.max_user_namespaces), set spec.localbuild to true";
}

// Returns the condition of a container that crashes. The reason is the same in all states after a
// crash, so that the status is not written for each of them.
ConditionValue crashing(std::string_view container, const api::ContainerStateTerminated& end) {
  const bool out_of_memory = end.reason == reason::kOomKilled;
  return {kFalse, std::string(out_of_memory ? reason::kOomKilled : reason::kCrashLoopBackOff),
          fmt::format("container {} keeps failing: {}; {}", container, why_it_ended(end),
                      crash_remedy(end, container == kRegistryContainer)),
          MessageSource::kCrash};
}

// Returns the condition of a container in state `waiting`, derived from the reason of that state.
ConditionValue waiting(const api::ContainerStatus& container) {
  const api::ContainerStateWaiting& state = *container.state.waiting;
  if (state.reason == reason::kImagePullBackOff || state.reason == reason::kErrImagePull) {
    return {kFalse, std::string(reason::kImagePullBackOff), pull_problem(state.message),
            MessageSource::kQuoted};
  }
  if (state.reason == reason::kCrashLoopBackOff) {  // its message contains the back-off time
    return crashing(container.name, {});
  }
  return {kFalse, state.reason, state.message, MessageSource::kQuoted};
}

bool is_about_image(const api::ContainerStateWaiting& state) {
  return state.reason.find("Image") != std::string::npos;
}

std::optional<ConditionValue> condition_of_failing_container(const api::ContainerStatus& container,
                                                             base::Time now) {
  const bool waits = waits_for_reason(container);
  if (waits && is_about_image(*container.state.waiting)) return waiting(container);
  if (const auto* end = find_crash(container, now)) return crashing(container.name, *end);
  if (waits) return waiting(container);
  return std::nullopt;
}

std::string_view reason_for(std::string_view message) {
  switch (api::admission_refusal_in(message)) {
    case api::AdmissionRefusal::kQuota: return reason::kQuotaExceeded;
    case api::AdmissionRefusal::kPodSecurity: return reason::kPodSecurity;
    case api::AdmissionRefusal::kOther: return reason::kForbidden;
    case api::AdmissionRefusal::kNone: break;
  }
  return reason::kFailed;
}

// Returns the condition `type` of the current status if it reports that pods cannot be created;
// nullopt otherwise.
std::optional<ConditionValue> reported_refusal(const api::LocalRegistry& registry,
                                               std::string_view type) {
  const api::Condition* reported = api::find_condition(registry.status.conditions, type);
  if (reported == nullptr || reported->observed_generation != registry.metadata.generation ||
      !base::is_one_of(reported->reason, reason::kCreationRefusals)) {
    return std::nullopt;
  }
  return ConditionValue{reported->status, reported->reason, reported->message};
}

// Returns the condition `type` when the workload's controller cannot create pods; nullopt
// otherwise. While the cause cannot be read, the condition stays the same.
std::optional<ConditionValue> condition_of_replicas(const Observed& observed,
                                                    const Workload& workload,
                                                    std::string_view type) {
  if (has_no_pod(observed, workload) && observed.pod_refusal && !observed.pod_refusal->is_known) {
    return reported_refusal(*observed.registry, type);
  }
  const std::string_view refusal = refusal_of_pods(observed, workload);
  if (refusal.empty()) return std::nullopt;
  return ConditionValue{kFalse, std::string(reason_for(refusal)), std::string(refusal),
                        MessageSource::kQuoted};
}

std::optional<ConditionValue> condition_of_scheduling(const api::Pod& pod) {
  const api::Condition* scheduled = api::find_condition(pod.status.conditions, "PodScheduled");
  if (scheduled == nullptr || scheduled->status != kFalse) return std::nullopt;
  return ConditionValue{kFalse, std::string(reason::kUnschedulable), scheduled->message,
                        MessageSource::kQuoted};
}

// Returns the condition of a container of the workload; nullopt when the container is ready.
// `starting`: the reason of the condition while the container starts.
std::optional<ConditionValue> condition_of_container(const Observed& observed,
                                                     const Workload& workload,
                                                     std::string_view container_name,
                                                     std::string_view starting) {
  const ConditionValue not_yet = {kFalse, std::string(starting),
                                  fmt::format("container {} is starting", container_name)};
  const api::Pod* pod = find_pod(observed, workload);
  const api::ContainerStatus* container =
      pod == nullptr ? nullptr : find_container(*pod, container_name);
  if (workload.replicas->value_or(1) == 0) {
    std::string message =
        fmt::format("{} {} has 0 replicas", kind_name(workload.role), workload.metadata->name);
    return ConditionValue{kFalse, std::string(reason::kScaledToZero), std::move(message)};
  }
  if (container != nullptr) {
    if (auto failure = condition_of_failing_container(*container, observed.now)) return failure;
  }
  const std::string_view type =
      container_name == kRegistryContainer ? condition::kAvailable : condition::kBuildKitReady;
  if (auto failure = condition_of_replicas(observed, workload, type)) return failure;
  if (pod != nullptr) {
    if (auto failure = condition_of_scheduling(*pod)) return failure;
  }
  if (!is_rolled_out(workload)) return not_yet;
  if (workload.status->ready_replicas > 0) return std::nullopt;
  if (container != nullptr && is_ready(*pod, *container)) return std::nullopt;
  return not_yet;
}

// Returns true if the Service sends requests to the pod: the pod is ready, or the Service sets
// publishNotReadyAddresses. The second case matters while a sidecar keeps the pod from being ready.
bool is_reachable(const Observed& observed, const Workload& workload) {
  if (workload.status->ready_replicas > 0) return true;
  if (observed.service()->spec.publish_not_ready_addresses == api::Switch::kOn) return true;
  const api::Pod* pod = find_pod(observed, workload);
  return pod != nullptr && api::is_true(pod->status.conditions, "Ready");
}

std::string not_created_yet(const Observed& observed, ObjectRole role) {
  return fmt::format("{} {} has not been created yet", kind_name(role),
                     observed.registry->spec.name);
}

ConditionValue not_deployed(const Observed& observed) {
  return {kFalse, std::string(reason::kNotDeployed), std::string(why_not_deployed(observed))};
}

}  // namespace

std::string_view reason_of_failure(const base::Error& error) {
  if (error.code != base::ErrorCode::kForbidden) return reason::kFailed;
  const std::string_view reason = reason_for(error.message);
  // An admission webhook may deny with any text. A 403 without a known phrase is Forbidden.
  return reason == reason::kFailed ? reason::kForbidden : reason;
}

std::optional<ConditionValue> condition_of_failed_write(const Observed& observed,
                                                        std::initializer_list<ObjectRole> kinds) {
  for (const ObjectRole role : kinds) {
    const FailedRequest* failure = find_failure(observed, role);
    if (failure == nullptr) continue;
    const std::string name = key_of_role(*observed.registry, role).name;
    return ConditionValue{kFalse, std::string(reason_of_failure(failure->error)),
                          fmt::format("{} {}: {}", kind_name(role), name, failure->error.message)};
  }
  return std::nullopt;
}

std::string restart_remedy(const Observed& observed) {
  const api::ObjectMeta& meta = observed.registry->metadata;
  return fmt::format(
      "to replace the pod now and lose these images: kubectl annotate lreg {} -n {} --overwrite "
      "{}=\"$(date)\"",
      meta.name, meta.namespace_name, kRestartAnnotation);
}

ConditionValue compute_available(const Observed& observed) {
  const Workload workload = find_workload(observed);
  if (workload.metadata == nullptr && !is_deployed(observed)) return not_deployed(observed);
  const bool has_service = is_child(observed, observed.service());
  if (workload.metadata == nullptr || !has_service) {
    if (auto failure = condition_of_failed_write(
            observed, {ObjectRole::kDeployment, ObjectRole::kStatefulSet, ObjectRole::kService,
                       ObjectRole::kLocalRegistry})) {
      return *failure;
    }
    const ObjectRole missing =
        workload.metadata == nullptr ? wanted_workload(*observed.registry) : ObjectRole::kService;
    return {kFalse, std::string(reason::kDeploying), not_created_yet(observed, missing)};
  }
  if (node_port_of(*observed.service()) == 0) {
    if (auto failure = condition_of_failed_write(observed, {ObjectRole::kService})) return *failure;
    return {kFalse, std::string(reason::kDeploying), "the Service has no node port yet"};
  }
  if (auto problem =
          condition_of_container(observed, workload, kRegistryContainer, reason::kDeploying)) {
    return *problem;
  }
  if (!is_reachable(observed, workload)) {
    return {kFalse, std::string(reason::kDeploying),
            "the registry runs; the Service sends requests to it once container buildkitd is ready "
            "or has failed"};
  }
  if (auto failure = condition_of_failed_write(  // a registry runs, but not as the spec asks
          observed, {ObjectRole::kDeployment, ObjectRole::kStatefulSet, ObjectRole::kService})) {
    return {kTrue, std::string(reason::kAvailable),
            fmt::format("the registry answers requests, but a change was refused: {}",
                        failure->message)};
  }
  return {kTrue, std::string(reason::kAvailable), "the registry answers requests"};
}

ConditionValue compute_buildkit_ready(const Observed& observed) {
  const Workload workload = find_workload(observed);
  if (workload.metadata == nullptr && !is_deployed(observed)) return not_deployed(observed);
  if (observed.registry->spec.localbuild) {
    return {kFalse, std::string(reason::kLocalBuild),
            "spec.localbuild is true: images are built with a local Docker, so BuildKit is not "
            "deployed"};
  }
  const bool has_buildkit =
      workload.metadata != nullptr && has_container(*workload.pod_template, kBuildKitContainer);
  if (!has_buildkit && buildkit_is_forbidden(observed)) {
    const bool by_label = label_forbids_buildkit(observed);
    return {kFalse, std::string(by_label ? reason::kPodSecurity : reason::kPodSecurityDefault),
            fmt::format("{} {} forbids rootless BuildKit, so the registry runs without BuildKit: "
                        "build images with Docker, or set the label {}=privileged on the namespace",
                        by_label ? "the Pod Security level of namespace"
                                 : "the cluster's default Pod Security level for namespace",
                        api::target_namespace(*observed.registry), kPodSecurityLabel)};
  }
  if (workload.metadata == nullptr) {
    return {kFalse, std::string(reason::kStarting),
            not_created_yet(observed, wanted_workload(*observed.registry))};
  }
  if (!has_buildkit && may_hold_images(observed, workload) &&
      !observed.registry->spec.persistence.enabled) {
    return {kFalse, std::string(reason::kRestartLosesImages),
            fmt::format("Pod Security allows BuildKit now, and BuildKit is added when the pod is "
                        "replaced, which loses the images in its emptyDir; {}",
                        restart_remedy(observed))};
  }
  if (auto problem =
          condition_of_container(observed, workload, kBuildKitContainer, reason::kStarting)) {
    return *problem;
  }
  return {kTrue, std::string(reason::kReady), "BuildKit is ready for builds"};
}

}  // namespace reconcile
