// Decides for which LocalRegistries a registry is deployed, by the delivery table in README.md
// (spec.enabled, KinD, push permission), and whether the pod gets BuildKit. All functions are pure
// and can be called on any thread.
#pragma once

#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

// Returns whether the LocalRegistry wants a registry. `kind_cluster`: the cluster is KinD. Only the
// spec and the status are read, no push checks. If the delivery depends on the images, the result
// is true only when status.delivery is LocalRegistry.
bool wants_registry(const api::LocalRegistry& registry, bool kind_cluster);

// Like wants_registry, but also true while the first push check of the images is still open.
bool may_want_registry(const api::LocalRegistry& registry, bool kind_cluster);

// Returns the delivery of the LocalRegistry as a whole. If spec.enabled is set, the cluster is KinD
// or spec.images is empty, the delivery does not depend on the images. Otherwise the delivery is
// LocalRegistry if any image has the delivery LocalRegistry, else Upstream. nullopt: the first push
// check of the images has not finished.
std::optional<api::Delivery> decide_delivery(const Observed& observed);

// Returns whether workload and Service have to exist.
bool is_deployed(const Observed& observed);

// Returns the value of status.workload for a workload of that kind: "Deployment/registry".
std::string workload_name(const api::LocalRegistry& registry, ObjectRole role);

// Returns the role of the workload that the spec asks for: a StatefulSet with persistence, else a
// Deployment.
ObjectRole wanted_workload(const api::LocalRegistry& registry);

// Returns whether status.workload names a workload that is in no cache and was not read live yet.
// It may still exist: a workload without the operator's labels is not watched.
bool has_unseen_workload(const Observed& observed);

// Returns whether has_unseen_workload() and that workload has to be deleted: the spec asks for the
// other kind, or for no registry.
bool has_unseen_workload_to_delete(const Observed& observed);

// Returns whether no registry is to be deployed, but status.nodePort records a Service that is in
// no cache and was not read live yet.
bool has_unseen_service(const Observed& observed);

// Returns the reason why no registry is deployed, as a sentence for conditions.
std::string_view why_not_deployed(const Observed& observed);

// Returns whether the pod gets a BuildKit sidecar.
bool gets_buildkit(const Observed& observed);

// Returns whether the Pod Security label of the target namespace forbids the sidecar.
bool label_forbids_buildkit(const Observed& observed);

// Returns whether Pod Security forbids the sidecar: by the label of the target namespace or, if
// there is no label, by the cluster's default.
bool buildkit_is_forbidden(const Observed& observed);

// Returns the value of kBuildKitRefusedAnnotation: kNeverRefused, or a hash of the BuildKit image
// and of the namespace's Pod Security labels for which the cluster's default refused the sidecar.
// While the hash stays the same, the operator does not add the sidecar again.
std::string buildkit_refusal(const Observed& observed);

}  // namespace reconcile
