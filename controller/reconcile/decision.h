// When the registry is used: the table of the product. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

// Whether another resource wants a registry, as far as its spec and its status tell.
bool wants_registry(const api::LocalRegistry& registry, bool kind_cluster);

// As wants_registry, and also while the push check of its images has not decided it yet.
bool may_want_registry(const api::LocalRegistry& registry, bool kind_cluster);

// Of the whole: LocalRegistry when any image has it; without images by the spec and KinD alone.
// Nothing while the images are checked for the first time.
std::optional<api::Delivery> decide_delivery(const Observed& observed);

// True when workload and Service have to exist.
bool is_deployed(const Observed& observed);

// What the status calls a workload of that kind: "Deployment/registry".
std::string workload_name(const api::LocalRegistry& registry, Target target);

// True when the status tells of a workload that no cache holds: until it was read live it may be
// there, without the labels by which workloads are watched.
bool has_unseen_workload(const Observed& observed);

// True when that one is of a kind that the spec does not ask for.
bool has_lost_workload(const Observed& observed);

// The same for the Service of a registry that is not deployed: the status tells of its node port.
bool has_unseen_service(const Observed& observed);

// Why no registry is deployed, as a sentence.
std::string_view why_not_deployed(const Observed& observed);

// True when the pod gets a BuildKit sidecar.
bool with_buildkit(const Observed& observed);

// True when the target namespace's label forbids the sidecar.
bool label_forbids_buildkit(const Observed& observed);

// True when the target namespace, or the cluster's default, forbids the sidecar.
bool buildkit_is_forbidden(const Observed& observed);

// The value of kBuildKitRefusedAnnotation: for what the cluster's default refused the sidecar, so
// that it is not tried again for the same.
std::string buildkit_refusal(const Observed& observed);

}  // namespace reconcile
