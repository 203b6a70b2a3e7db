// Builds the objects behind a registry: the full intent, as it is applied. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/apps.h"
#include "api/local_registry.h"

namespace reconcile {

// The value of kBuildKitRefusedAnnotation where BuildKit was not refused.
inline constexpr std::string_view kNeverRefused = "no";

// A pod template, and hashes of what it was made from. Recorded on the Deployment as JSON.
struct AppliedPod {
  std::string inputs;   // what the user chose of the pod, by the spec
  std::string restart;  // the value of the LocalRegistry's restart annotation; empty: none
  api::PodTemplateSpec pod_template;
};

// 16 hexadecimal digits that tell one text from another. Not for secrets.
std::string hash(std::string_view text);
bool is_hash(std::string_view text);

// The pod as the spec asks for it. with_buildkit: false for spec.localbuild, and where Pod Security
// forbids it.
AppliedPod new_pod(const api::LocalRegistry& registry, bool with_buildkit);

// buildkit_refused: the value of kBuildKitRefusedAnnotation.
api::Deployment build_deployment(const api::LocalRegistry& registry, const AppliedPod& pod,
                                 std::string_view buildkit_refused);
// The same with a new pod, where BuildKit was never refused.
api::Deployment build_deployment(const api::LocalRegistry& registry, bool with_buildkit);
// What puts the strategy of an existing Deployment back, as a merge patch.
api::Deployment build_strategy_patch(const api::ObjectMeta& existing);

api::StatefulSet build_stateful_set(const api::LocalRegistry& registry, bool with_buildkit,
                                    std::string_view buildkit_refused = kNeverRefused);

// node_port 0: the control plane assigns one. The port is no part of the intent's hash.
// publishes_not_ready: see Publishing.
api::Service build_service(const api::LocalRegistry& registry, int node_port,
                           bool publishes_not_ready = false);

// What takes the place of all ports of an existing Service, as a merge patch.
api::Service build_ports_patch(const api::ObjectMeta& existing, const api::Service& wanted);

// A claim that exists keeps the class that it has and never gets smaller; null: it does not exist
// yet. It has no owner reference: garbage collection must never take the images.
api::PersistentVolumeClaim build_claim(const api::LocalRegistry& registry,
                                       const api::PersistentVolumeClaim* existing);

}  // namespace reconcile

template <>
struct json::Fields<reconcile::AppliedPod> {
  using T = reconcile::AppliedPod;
  static constexpr auto kTable =
      std::make_tuple(json::field("inputs", &T::inputs), json::field("restart", &T::restart),
                      json::field("template", &T::pod_template));
};
