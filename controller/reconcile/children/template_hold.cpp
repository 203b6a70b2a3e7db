#include "reconcile/children/template_hold.h"

#include <algorithm>

#include "reconcile/checks/decision.h"
#include "reconcile/children/children.h"
#include "reconcile/children/names.h"
#include "reconcile/contest/contest.h"
#include "reconcile/status/pods.h"
#include "reconcile/status/reasons.h"

namespace reconcile {
namespace {

// Returns the pod that was applied last, according to the annotation that records it; nullopt if
// the pod is not known. `pod`: the new pod. If the annotation is missing, but the Deployment has
// the intent hash of a Deployment with the new pod, then the new pod was applied and another client
// removed the annotation. If the annotation has only hashes, and they are not those of the new pod,
// returns the running template.
std::optional<AppliedPod> recorded_pod(const Observed& observed, const AppliedPod& pod,
                                       const std::string& refused) {
  const api::Deployment& existing = *observed.deployment();
  const std::string_view text = api::lookup(existing.metadata.annotations, kAppliedPodAnnotation);
  if (text.empty()) {
    const api::Deployment wanted = build_deployment(*observed.registry, pod, refused);
    if (intent_hash(existing) != intent_hash(wanted)) return std::nullopt;
    return pod;
  }
  if (const auto record = hashed_record(text)) {
    const bool is_new = record->pod_template == hashed_record_of(pod).pod_template;
    return AppliedPod{record->inputs, record->restart,
                      is_new ? pod.pod_template : existing.spec.pod_template};
  }
  auto parsed = json::parse<AppliedPod>(std::string(text));
  if (!parsed) return std::nullopt;
  return *std::move(parsed);
}

// Returns the fields of a pod template that come from the spec.
api::PodTemplateSpec fields_from_spec(const api::PodTemplateSpec& pod) {
  api::PodTemplateSpec part;
  for (const api::Container& container : pod.spec.containers) {
    api::Container& chosen = part.spec.containers.emplace_back();
    chosen.name = container.name;
    chosen.image = container.image;
    chosen.ports = container.ports;
    chosen.resources = container.resources;
  }
  part.spec.image_pull_secrets = pod.spec.image_pull_secrets;
  part.spec.priority_class_name = pod.spec.priority_class_name;
  part.spec.node_selector = pod.spec.node_selector;
  part.spec.tolerations = pod.spec.tolerations;
  part.spec.affinity = pod.spec.affinity;
  return part;
}

// Returns whether the user has changed spec.localbuild since the spec was last reconciled. If not,
// and two templates differ in the sidecar, then a Pod Security level caused the difference.
bool is_localbuild_changed(const api::LocalRegistry& registry) {
  const api::Condition* buildkit =
      api::find_condition(registry.status.conditions, condition::kBuildKitReady);
  if (buildkit == nullptr) return true;
  return registry.spec.localbuild != (buildkit->reason == reason::kLocalBuild);
}

void drop_containers_without_match(api::PodTemplateSpec& part, const api::PodTemplateSpec& other) {
  std::erase_if(part.spec.containers, [&](const api::Container& container) {
    return !has_container(other, container.name);
  });
}

// Returns whether the user changed the pod since the template was applied. This function decides
// when there is no record. While status.observedGeneration is the current generation, the user
// changed nothing: differences come from another version of the operator, a mutating policy or
// another client, which cannot be distinguished. So a change that the API server refused before an
// upgrade of the operator is held back, too, and UpToDate reports it.
bool is_changed_by_user(const Observed& observed, const api::PodTemplateSpec& wanted) {
  const api::LocalRegistry& registry = *observed.registry;
  if (registry.status.observed_generation == registry.metadata.generation) return false;
  const api::PodTemplateSpec& existing = observed.deployment()->spec.pod_template;
  api::PodTemplateSpec chosen = fields_from_spec(wanted);
  api::PodTemplateSpec found = fields_from_spec(existing);
  if (!is_localbuild_changed(registry)) {
    drop_containers_without_match(chosen, existing);
    drop_containers_without_match(found, wanted);
  }
  return json::difference(chosen, found) || json::difference(found, chosen);
}

bool asks_for_restart(const AppliedPod& applied, const AppliedPod& wanted) {
  return !wanted.restart.empty() && wanted.restart != applied.restart;
}

// Returns the first field in which the new template differs from the old one: a field that the new
// template adds or changes, or a field that it lacks. `before`: the running or the recorded
// template.
json::Difference change(const AppliedPod& applied, const AppliedPod& wanted,
                        const api::PodTemplateSpec& before) {
  if (auto added = json::difference(wanted.pod_template, before)) return added;
  return json::difference(applied.pod_template, wanted.pod_template);
}

// Returns whether a webhook, a policy or another controller keeps changing the Deployment. Then the
// running template differs from the recorded one all the time.
bool is_template_contested(const Observed& observed, const AppliedPod& applied) {
  const api::Deployment held =
      build_deployment(*observed.registry, applied, buildkit_refusal(observed));
  return is_contested(observed, drift_of(held, *observed.deployment()));
}

// Decides whether the running template is kept. If so, returns the first field that the new
// template would change; nullopt when the new template is applied. `applied`: the recorded
// template. If there is no record, `applied` is set to the running template, so that the operator
// records that template.
json::Difference find_held_back_change(const Observed& observed, std::optional<AppliedPod>& applied,
                                       const AppliedPod& wanted) {
  const Workload workload = find_workload(observed);
  if (workload.metadata == nullptr || is_terminating(*workload.metadata)) return std::nullopt;
  const api::PodTemplateSpec& existing = *workload.pod_template;
  const api::LocalRegistry& registry = *observed.registry;
  if (api::lookup(existing.metadata.labels, kOwnerUidLabel) != registry.metadata.uid) {
    return std::nullopt;  // the pod belongs to an earlier LocalRegistry
  }
  bool is_changed = false;  // another client changed the template
  if (applied) {
    if (applied->inputs != wanted.inputs) return std::nullopt;
    is_changed = json::difference(applied->pod_template, existing).has_value();
    if (is_changed && !is_template_contested(observed, *applied)) return std::nullopt;
  } else {
    if (!json::difference(wanted.pod_template, existing)) return std::nullopt;
    if (is_changed_by_user(observed, wanted.pod_template)) return std::nullopt;
    // It is not known whether the operator acted on the restart annotation, so the restart is not
    // repeated.
    applied = AppliedPod{wanted.inputs, wanted.restart, existing};
  }
  if (asks_for_restart(*applied, wanted) || !may_hold_images(observed, workload)) {
    return std::nullopt;
  }
  return change(*applied, wanted, is_changed ? applied->pod_template : existing);
}

}  // namespace

DeploymentIntent intended_deployment(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  const std::string refused = buildkit_refusal(observed);
  AppliedPod pod = new_pod(registry, gets_buildkit(observed));
  if (!observed.deployment()) return {build_deployment(registry, pod, refused), ""};
  std::optional<AppliedPod> applied = recorded_pod(observed, pod, refused);
  if (const auto field = find_held_back_change(observed, applied, pod)) {
    return {build_deployment(registry, *applied, refused), "spec.template." + *field};
  }
  // When the user removes the restart annotation, the recorded value stays, so that setting the
  // same value again is no new request.
  if (pod.restart.empty() && applied) pod.restart = applied->restart;
  return {build_deployment(registry, pod, refused), ""};
}

}  // namespace reconcile
