// Builds the Kubernetes objects of a registry. Each object is the full intent: all fields that the
// operator applies with server-side apply. All functions are pure and can be called on any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/apps.h"
#include "api/local_registry.h"

namespace reconcile {

// The strategy of the Deployment. It never runs two pods at once: two pods behind the Service would
// each have their own emptyDir with different images.
inline constexpr std::string_view kStrategy = "Recreate";

// The value of kBuildKitRefusedAnnotation if BuildKit was not refused.
inline constexpr std::string_view kNeverRefused = "no";

// A pod template, and hashes of its inputs. An annotation of the Deployment records it as JSON. If
// the JSON is larger than limits::kRecordedTemplateBytes, the annotation has a HashedRecord
// instead.
struct AppliedPod {
  std::string inputs;   // hash of the pod settings in the spec
  std::string restart;  // hash of the LocalRegistry's restart annotation; empty: none
  api::PodTemplateSpec pod_template;
};

// The record of an AppliedPod whose JSON is too large. Its text is these three values, separated by
// commas. A version of the operator that does not know this format treats it as a missing record.
struct HashedRecord {
  std::string inputs;        // as in AppliedPod
  std::string restart;       // as in AppliedPod
  std::string pod_template;  // hash of the pod template
};

HashedRecord hashed_record_of(const AppliedPod& pod);
// Parses a HashedRecord; returns nullopt if `text` is not one.
std::optional<HashedRecord> hashed_record(std::string_view text);

// Returns the strictest security context that a container can have: it satisfies the Pod Security
// level `restricted`.
api::SecurityContext restricted_security();

// Returns a hash of the text as 16 hexadecimal digits. The hash is not cryptographic and must not
// be used for secrets.
std::string hash(std::string_view text);
bool is_hash(std::string_view text);

// Returns the pod template and the hashes for the current spec. `with_buildkit`: false with
// spec.localbuild, and when Pod Security forbids BuildKit.
AppliedPod new_pod(const api::LocalRegistry& registry, bool with_buildkit);

// Returns the intended Deployment. `buildkit_refused`: the value of kBuildKitRefusedAnnotation.
api::Deployment build_deployment(const api::LocalRegistry& registry, const AppliedPod& pod,
                                 std::string_view buildkit_refused);
// Like the function above, with new_pod() and BuildKit never refused.
api::Deployment build_deployment(const api::LocalRegistry& registry, bool with_buildkit);
// Returns the merge patch that sets the strategy of an existing Deployment back to Recreate.
api::Deployment build_strategy_patch(const api::ObjectMeta& existing);

api::StatefulSet build_stateful_set(const api::LocalRegistry& registry, bool with_buildkit,
                                    std::string_view buildkit_refused = kNeverRefused);

// Returns the intended Service. `node_port`: 0 means that the control plane assigns a port. The
// intent hash does not cover the node port. `publishes_not_ready`: see Publishing::not_ready.
api::Service build_service(const api::LocalRegistry& registry, int node_port,
                           bool publishes_not_ready = false);

// Returns the merge patch that replaces all ports of an existing Service by those of `wanted`.
api::Service build_ports_patch(const api::ObjectMeta& existing, const api::Service& wanted);

// Returns the size that the API server stores for spec.persistence.size.
api::Quantity requested_storage(const api::LocalRegistry& registry);

// Returns the amount of storage among the requests or the capacity of a PVC; 0 when there is none.
api::Quantity storage_of(const std::map<std::string, api::Quantity>& amounts);

// Returns the intended PVC. An existing PVC keeps its storage class and never gets smaller.
// `existing`: null when there is no PVC yet. The PVC has no owner reference, so that garbage
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
