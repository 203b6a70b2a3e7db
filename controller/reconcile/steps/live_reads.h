// Decides when the caches are not enough, so that a live read comes before a write. The caches may
// be stale, and an object without the operator's labels is in none of them. All functions are pure
// and can be called on any thread.
#pragma once

#include "reconcile/plan.h"

namespace reconcile {

// Returns whether objects may exist that only a live read shows: a foreign object with the target
// name, or an unrecorded child.
bool may_miss_objects(const Observed& observed);

// Returns whether the plan would take over children of an earlier LocalRegistry of the same name.
// That needs a live read: if this LocalRegistry comes from a stale cache, it may itself be the
// earlier one, and the children belong to its successor.
bool takes_over(const Observed& observed);

// Returns whether the status records what must be recorded before the first write to another
// object. One record is the target namespace: after a crash, only the status shows which other
// namespaces have children. The other is the original resourceVersion, which decides which of two
// LocalRegistries of the same second is older: adding the finalizer changes it.
bool has_required_records(const Observed& observed);

// Returns whether an action of the plan deletes an object or may change a node port.
bool is_risky(const Observed& observed, const Plan& plan);

}  // namespace reconcile
