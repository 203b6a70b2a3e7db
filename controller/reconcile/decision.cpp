#include "reconcile/decision.h"

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
// until the resource changes.
bool was_refused(const api::LocalRegistry& registry) {
  const api::Condition* condition =
      api::find_condition(registry.status.conditions, condition::kBuildKitReady);
  return condition != nullptr && condition->reason == reason::kPodSecurity &&
         condition->observed_generation == registry.metadata.generation;
}

api::Delivery delivery_of(const api::LocalRegistry& registry, bool kind_cluster) {
  const std::optional<bool>& enabled = registry.spec.enabled;
  if (enabled) return *enabled ? api::Delivery::kLocalRegistry : api::Delivery::kUpstream;
  return kind_cluster ? api::Delivery::kKindLoad : api::Delivery::kLocalRegistry;
}

}  // namespace

bool wants_registry(const api::LocalRegistry& registry, bool kind_cluster) {
  return delivery_of(registry, kind_cluster) == api::Delivery::kLocalRegistry;
}

api::Delivery decide_delivery(const Observed& observed) {
  return delivery_of(*observed.registry, observed.kind_cluster);
}

bool is_deployed(const Observed& observed) {
  return decide_delivery(observed) == api::Delivery::kLocalRegistry;
}

bool buildkit_is_forbidden(const Observed& observed) {
  if (observed.target_namespace) {
    const std::string_view level =
        api::lookup(observed.target_namespace->metadata.labels, kPodSecurityLabel);
    if (level == "baseline" || level == "restricted") return true;
    if (level == "privileged") return false;
  }
  return pods_are_refused(observed) || was_refused(*observed.registry);
}

bool with_buildkit(const Observed& observed) {
  return !observed.registry->spec.localbuild && !buildkit_is_forbidden(observed);
}

}  // namespace reconcile
