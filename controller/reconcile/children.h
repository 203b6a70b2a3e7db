// Builds the objects of a registry in the cluster: the full intent for a server-side apply. All
// functions are pure and can be called on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/apps.h"
#include "api/local_registry.h"

namespace reconcile {

// The value of kBuildKitRefusedAnnotation where BuildKit was not refused.
inline constexpr std::string_view kNeverRefused = "no";

// A pod template, and hashes of its inputs. It is recorded on the Deployment as JSON. If that is
// larger than limits::kRecordedTemplateBytes, its HashedRecord is recorded instead.
struct AppliedPod {
  std::string inputs;   // hash of the pod settings in the spec
  std::string restart;  // hash of the LocalRegistry's restart annotation; empty: none
  api::PodTemplateSpec pod_template;
};

// The record of an AppliedPod that is too large. Its text has these values, separated by commas.
// Versions of the operator that do not know it take it for no record.
struct HashedRecord {
  std::string inputs;        // as in AppliedPod
  std::string restart;       // as in AppliedPod
  std::string pod_template;  // hash of the pod template
};

HashedRecord hashed_record_of(const AppliedPod& pod);
// Returns nullopt if the text is no such record.
std::optional<HashedRecord> hashed_record(std::string_view text);

// Returns a hash of the text as 16 hexadecimal digits. It is not cryptographic: not for secrets.
std::string hash(std::string_view text);
bool is_hash(std::string_view text);

// Returns the pod that the spec asks for. with_buildkit: false for spec.localbuild, and where Pod
// Security forbids BuildKit.
AppliedPod new_pod(const api::LocalRegistry& registry, bool with_buildkit);

// buildkit_refused: the value of kBuildKitRefusedAnnotation.
api::Deployment build_deployment(const api::LocalRegistry& registry, const AppliedPod& pod,
                                 std::string_view buildkit_refused);
// Like the function above, with new_pod() and BuildKit never refused.
api::Deployment build_deployment(const api::LocalRegistry& registry, bool with_buildkit);
// Returns the merge patch that sets the strategy of an existing Deployment back to Recreate.
api::Deployment build_strategy_patch(const api::ObjectMeta& existing);

api::StatefulSet build_stateful_set(const api::LocalRegistry& registry, bool with_buildkit,
                                    std::string_view buildkit_refused = kNeverRefused);

// node_port 0: the control plane assigns one. The intent hash does not cover the node port.
// publishes_not_ready: see Publishing.
api::Service build_service(const api::LocalRegistry& registry, int node_port,
                           bool publishes_not_ready = false);

// Returns the merge patch that replaces all ports of an existing Service by those of `wanted`.
api::Service build_ports_patch(const api::ObjectMeta& existing, const api::Service& wanted);

// Returns the size that the API server stores for spec.persistence.size.
api::Quantity requested_storage(const api::LocalRegistry& registry);

// Returns the intended PVC. An existing PVC keeps its storage class and never gets smaller.
// existing: null when there is no PVC yet. The PVC has no owner reference, so that garbage
// collection never deletes the images.
api::PersistentVolumeClaim build_pvc(const api::LocalRegistry& registry,
                                     const api::PersistentVolumeClaim* existing);

}  // namespace reconcile

template <>
struct json::Fields<reconcile::AppliedPod> {
  using T = reconcile::AppliedPod;
  static constexpr auto kTable =
      std::make_tuple(json::field("inputs", &T::inputs), json::field("restart", &T::restart),
                      json::field("template", &T::pod_template));
};
