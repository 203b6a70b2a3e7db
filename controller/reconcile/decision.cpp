#include "reconcile/decision.h"

#include <fmt/core.h>

#include "reconcile/images.h"
#include "reconcile/names.h"
#include "reconcile/reasons.h"

namespace reconcile {
namespace {

// Pods that the workload's controller could not make because of Pod Security: there is no label on
// the namespace, but a default of the cluster.
bool pods_are_refused(const Observed& observed) {
  if (!observed.deployment) return false;
  const api::Condition* failure =
      api::find_condition(observed.deployment->status.conditions, "ReplicaFailure");
  return failure != nullptr && failure->status == "True" &&
         failure->message.find("violates PodSecurity") != std::string::npos;
}

// Without the sidecar the failure is gone; only the condition still knows of it. It is believed
// until the resource changes; and longer with a StatefulSet, which would not tell of its failure.
bool was_refused(const api::LocalRegistry& registry) {
  const api::Condition* condition =
      api::find_condition(registry.status.conditions, condition::kBuildKitReady);
  return condition != nullptr && condition->reason == reason::kPodSecurityDefault &&
         (condition->observed_generation == registry.metadata.generation ||
          registry.spec.persistence.enabled);
}

// The Pod Security level of the target namespace's label; empty: it has none.
std::string_view enforced_level(const Observed& observed) {
  if (!observed.target_namespace) return "";
  return api::lookup(observed.target_namespace->metadata.labels, kPodSecurityLabel);
}

// Without a look at the images.
api::Delivery delivery_of(const api::LocalRegistry& registry, bool kind_cluster) {
  const std::optional<bool>& enabled = registry.spec.enabled;
  if (enabled) return *enabled ? api::Delivery::kLocalRegistry : api::Delivery::kUpstream;
  return kind_cluster ? api::Delivery::kKindLoad : api::Delivery::kLocalRegistry;
}

bool depends_on_images(const api::LocalRegistry& registry, bool kind_cluster) {
  return !registry.spec.images.empty() && !registry.spec.enabled && !kind_cluster;
}

}  // namespace

bool wants_registry(const api::LocalRegistry& registry, bool kind_cluster) {
  if (depends_on_images(registry, kind_cluster)) {
    return registry.status.delivery == api::Delivery::kLocalRegistry;
  }
  return delivery_of(registry, kind_cluster) == api::Delivery::kLocalRegistry;
}

std::optional<api::Delivery> decide_delivery(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  if (!depends_on_images(registry, observed.kind_cluster)) {
    return delivery_of(registry, observed.kind_cluster);
  }
  bool is_checking = false;
  for (const ImageDecision& image : decide_images(observed)) {
    if (image.status.delivery == api::Delivery::kLocalRegistry) return image.status.delivery;
    is_checking = is_checking || (!image.refused && !image.status.delivery);
  }
  if (!is_checking) return api::Delivery::kUpstream;
  // What runs is not taken down for a question.
  if (registry.status.delivery == api::Delivery::kLocalRegistry) return registry.status.delivery;
  return std::nullopt;
}

bool is_deployed(const Observed& observed) {
  return decide_delivery(observed) == api::Delivery::kLocalRegistry;
}

std::string workload_name(const api::LocalRegistry& registry, Target target) {
  return fmt::format("{}/{}", kind(target), registry.spec.name);
}

namespace {

bool is_unseen(const Observed& observed, Target target, bool seen) {
  const api::LocalRegistry& registry = *observed.registry;
  return !observed.live && !seen && registry.status.workload == workload_name(registry, target);
}

}  // namespace

bool has_unseen_workload(const Observed& observed) {
  return is_unseen(observed, Target::kDeployment, observed.deployment != nullptr) ||
         is_unseen(observed, Target::kStatefulSet, observed.stateful_set != nullptr);
}

bool has_unseen_service(const Observed& observed) {
  return !observed.live && !observed.service && observed.registry->status.node_port != 0 &&
         !is_deployed(observed);
}

bool has_lost_workload(const Observed& observed) {
  if (!has_unseen_workload(observed)) return false;
  const bool persistent = observed.registry->spec.persistence.enabled;
  const Target wanted = persistent ? Target::kStatefulSet : Target::kDeployment;
  return !is_deployed(observed) ||
         observed.registry->status.workload != workload_name(*observed.registry, wanted);
}

std::string_view why_not_deployed(const Observed& observed) {
  const std::optional<api::Delivery> delivery = decide_delivery(observed);
  if (!delivery) return "it is being checked whether the images can be pushed";
  if (delivery == api::Delivery::kKindLoad) {
    return "no registry is needed on a KinD cluster: images are loaded with kind load";
  }
  return observed.registry->spec.enabled ? "no registry is wanted: spec.enabled is false"
                                         : "no registry is needed: every image can be pushed";
}

bool label_forbids_buildkit(const Observed& observed) {
  const std::string_view level = enforced_level(observed);
  return level == "baseline" || level == "restricted";
}

bool buildkit_is_forbidden(const Observed& observed) {
  if (label_forbids_buildkit(observed)) return true;
  if (enforced_level(observed) == "privileged") return false;
  return pods_are_refused(observed) || was_refused(*observed.registry);
}

bool with_buildkit(const Observed& observed) {
  return !observed.registry->spec.localbuild && !buildkit_is_forbidden(observed);
}

}  // namespace reconcile
