// When the registry is used: the table of the product. Pure; any thread.
#pragma once

#include "reconcile/observed.h"

namespace reconcile {

// The same for one resource: false for Upstream and KindLoad.
bool wants_registry(const api::LocalRegistry& registry, bool kind_cluster);

// enabled: false → Upstream; true → LocalRegistry; unset → KindLoad on KinD, else LocalRegistry.
api::Delivery decide_delivery(const Observed& observed);

// True when workload and Service have to exist.
bool is_deployed(const Observed& observed);

// True when the pod gets a BuildKit sidecar.
bool with_buildkit(const Observed& observed);

// True when the target namespace's label forbids the sidecar.
bool label_forbids_buildkit(const Observed& observed);

// True when the target namespace, or the cluster's default, forbids the sidecar.
bool buildkit_is_forbidden(const Observed& observed);

}  // namespace reconcile
