// Plans how children are deleted: those that the spec does not ask for any more, those of a
// LocalRegistry that is being deleted or is gone, and orphaned children. Also decides about the
// finalizer. All functions are pure and can be called on any thread.
#pragma once

#include "reconcile/steps/plan_parts.h"

namespace reconcile {

// Deletes children under an earlier name or in an earlier namespace.
void remove_misplaced_children(const Observed& observed, Plan& plan);

// Returns whether a Service under an earlier name may hold the node port that the new Service
// requests.
bool has_misplaced_service(const Observed& observed);

// Deletes the PVC of a LocalRegistry without persistence, if spec.persistence.whenDeleted is
// Delete.
void remove_unwanted_pvc(const Observed& observed, Plan& plan);

// Deletes the workload and the Service.
void remove_registry(const Observed& observed, Plan& plan);

// Returns whether the LocalRegistry needs the finalizer. Garbage collection removes only children
// with an owner reference; PVCs and children in another namespace have none.
bool needs_finalizer(const Observed& observed);

// Deletes children that were created before the name conflict was noticed, unless the status has
// recorded a node port: then clients may use them.
void undo_partial_creation(const Observed& observed, Plan& plan);

// Deletes orphaned children, which garbage collection does not reach. Orphaned PVCs stay, because
// their retention policy is no longer known.
void remove_orphans(const Observed& observed, Plan& plan);

// Plans for a LocalRegistry that is being deleted. Everything is read live first, because a cache
// may not show a child yet that this or an earlier process created without seeing the response.
void plan_deletion(const Observed& observed, Plan& plan);

// Plans for a LocalRegistry that is gone: deletes children without an owner reference. They are in
// another namespace, or another client removed the reference. PVCs stay, because their retention
// policy is no longer known.
void plan_orphan_deletion(const Observed& observed, Plan& plan);

}  // namespace reconcile
