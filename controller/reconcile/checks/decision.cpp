#include "reconcile/checks/decision.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "api/error_texts.h"
#include "reconcile/children/children.h"
#include "reconcile/children/names.h"
#include "reconcile/status/images.h"
#include "reconcile/status/pods.h"
#include "reconcile/status/reasons.h"

namespace reconcile {
namespace {

// Returns whether the workload's controller cannot create pods with BuildKit because of Pod
// Security. Without a Pod Security label on the namespace, the refusal comes from the cluster's
// default.
bool pods_are_refused(const Observed& observed) {
  const Workload workload = find_workload(observed);
  if (workload.metadata == nullptr) return false;
  if (!has_container(*workload.pod_template, kBuildKitContainer)) return false;
  if (workload.status->observed_generation < workload.metadata->generation) return false;
  return api::admission_refusal_in(refusal_of_pods(observed, workload)) ==
         api::AdmissionRefusal::kPodSecurity;
}

// Returns a hash of the values on which a refusal by the cluster's Pod Security default depends:
// the BuildKit image and the namespace's Pod Security labels.
std::string hash_of_pod_security(const Observed& observed) {
  std::string text = observed.registry->spec.buildkit_image;
  if (observed.target_namespace) {
    for (const auto& [name, value] : observed.target_namespace->metadata.labels) {
      if (name.starts_with(kPodSecurityPrefix)) text += fmt::format("\n{}={}", name, value);
    }
  }
  return hash(text);
}

// Returns whether a refusal of BuildKit is recorded. Once the pods run without BuildKit, nothing
// reports the failure any more, so an annotation of the workload records it. The record counts
// while the BuildKit image and the Pod Security labels are unchanged. Earlier versions of the
// operator set no such annotation; for their workloads, the condition BuildKitReady decides.
bool was_refused(const Observed& observed) {
  bool is_recorded = false;
  bool is_refused = false;
  const auto look = [&](const auto& workload) {
    if (!is_child(observed, workload)) return;
    const auto value = api::lookup(workload->metadata.annotations, kBuildKitRefusedAnnotation);
    is_recorded = is_recorded || !value.empty();
    if (value.empty() || value == kNeverRefused) return;
    is_refused = is_refused || value == hash_of_pod_security(observed);
  };
  look(observed.deployment());
  look(observed.stateful_set());
  if (is_recorded) return is_refused;
  return api::reason_of(observed.registry->status.conditions, condition::kBuildKitReady) ==
         reason::kPodSecurityDefault;
}

bool default_forbids_buildkit(const Observed& observed) {
  return pods_are_refused(observed) || was_refused(observed);
}

// Returns the Pod Security level in the target namespace's label; empty if there is no such label.
std::string_view enforced_level(const Observed& observed) {
  if (!observed.target_namespace) return "";
  return api::lookup(observed.target_namespace->metadata.labels, kPodSecurityLabel);
}

// Returns the delivery for a LocalRegistry that does not depend on its images: spec.enabled and
// KinD decide.
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

bool may_want_registry(const api::LocalRegistry& registry, bool kind_cluster) {
  if (wants_registry(registry, kind_cluster)) return true;
  return depends_on_images(registry, kind_cluster) && !registry.status.delivery &&
         !registry.spec.suspend && !registry.metadata.deletion_timestamp;
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
  // A registry that runs stays deployed while its images are checked again.
  if (registry.status.delivery == api::Delivery::kLocalRegistry) return registry.status.delivery;
  return std::nullopt;
}

bool is_deployed(const Observed& observed) {
  return decide_delivery(observed) == api::Delivery::kLocalRegistry;
}

std::string workload_name(const api::LocalRegistry& registry, ObjectRole role) {
  return fmt::format("{}/{}", kind_name(role), registry.spec.name);
}

ObjectRole wanted_workload(const api::LocalRegistry& registry) {
  return registry.spec.persistence.enabled ? ObjectRole::kStatefulSet : ObjectRole::kDeployment;
}

namespace {

bool is_unseen(const Observed& observed, ObjectRole role, bool seen) {
  const api::LocalRegistry& registry = *observed.registry;
  return !observed.live && !seen && registry.status.workload == workload_name(registry, role);
}

}  // namespace

bool has_unseen_workload(const Observed& observed) {
  return is_unseen(observed, ObjectRole::kDeployment, observed.deployment() != nullptr) ||
         is_unseen(observed, ObjectRole::kStatefulSet, observed.stateful_set() != nullptr);
}

bool has_unseen_service(const Observed& observed) {
  return !observed.live && !observed.service() && observed.registry->status.node_port != 0 &&
         !is_deployed(observed);
}

bool has_unseen_workload_to_delete(const Observed& observed) {
  if (!has_unseen_workload(observed)) return false;
  const api::LocalRegistry& registry = *observed.registry;
  return !is_deployed(observed) ||
         registry.status.workload != workload_name(registry, wanted_workload(registry));
}

std::string_view why_not_deployed(const Observed& observed) {
  const std::optional<api::Delivery> delivery = decide_delivery(observed);
  if (!delivery) {
    return "the operator is checking whether the images can be pushed to their own registries";
  }
  if (delivery == api::Delivery::kKindLoad) {
    return "no registry is needed on a KinD cluster: images are loaded with kind load docker-image";
  }
  if (observed.registry->spec.enabled) {
    return "no registry is deployed, because spec.enabled is false";
  }
  const std::vector<ImageDecision> images = decide_images(observed);
  const auto refused = std::count_if(images.begin(), images.end(),
                                     [](const ImageDecision& image) { return image.refused; });
  if (refused == 0) return "no registry is needed: every image can be pushed to its own registry";
  if (refused == std::ssize(images)) {
    return "no registry is deployed, because every image of spec.images is refused: see "
           "status.images";
  }
  return "no registry is needed: every accepted image can be pushed to its own registry; see "
         "status.images for the refused ones";
}

bool label_forbids_buildkit(const Observed& observed) {
  const std::string_view level = enforced_level(observed);
  return level == "baseline" || level == "restricted";
}

bool buildkit_is_forbidden(const Observed& observed) {
  if (label_forbids_buildkit(observed)) return true;
  if (enforced_level(observed) == "privileged") return false;
  return default_forbids_buildkit(observed);
}

std::string buildkit_refusal(const Observed& observed) {
  if (observed.registry->spec.localbuild || !default_forbids_buildkit(observed)) {
    return std::string(kNeverRefused);
  }
  return hash_of_pod_security(observed);
}

bool gets_buildkit(const Observed& observed) {
  return !observed.registry->spec.localbuild && !buildkit_is_forbidden(observed);
}

}  // namespace reconcile
