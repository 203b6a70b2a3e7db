// Plans how the children of a LocalRegistry are created, updated and healed: the PVC, the workload
// and the Service. All functions are pure and can be called on any thread.
#pragma once

#include "reconcile/steps/plan_parts.h"

namespace reconcile {

// Creates or heals the PVC. Without persistence, nothing is planned.
void ensure_pvc(const Observed& observed, Plan& plan);

// Deletes the workload of the other kind (Deployment or StatefulSet), and creates or heals the
// wanted one after that. `deployment`: null with persistence.
void ensure_workload(const Observed& observed, const DeploymentIntent* deployment, Plan& plan);

// Creates or heals the Service, with the node port that choose_node_port() returns.
void ensure_service(const Observed& observed, Plan& plan);

}  // namespace reconcile
