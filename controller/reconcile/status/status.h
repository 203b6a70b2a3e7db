// Computes the status of a LocalRegistry from what was observed. All functions are pure and can be
// called on any thread.
#pragma once

#include <optional>
#include <string>

#include "reconcile/checks/acceptance.h"
#include "reconcile/observed.h"
#include "reconcile/status/availability.h"

namespace reconcile {

// Computes the full status. The status reports the observed state, never the intended state. A
// condition keeps its transition time while its status is the same. `convergence`: the condition
// Converged. `outdated_field`: see DeploymentIntent.
api::LocalRegistryStatus compute_status(const Observed& observed,
                                        const std::optional<Refusal>& refusal,
                                        const ConditionValue& convergence,
                                        const std::string& outdated_field);

// Returns the status of a LocalRegistry that the cache holds only in part: unchanged, but Ready and
// Accepted are False with the reason of `missing`.
api::LocalRegistryStatus compute_status_of_partial_object(const Observed& observed,
                                                          const Refusal& missing);
// Returns the current status plus the records that must exist before the operator writes any other
// object.
api::LocalRegistryStatus status_with_required_records(const Observed& observed);

// Returns the current status with the condition CleanupBlocked, for a LocalRegistry that is being
// deleted and whose children cannot be removed.
api::LocalRegistryStatus status_with_blocked_cleanup(const Observed& observed);

// Returns the status of a LocalRegistry whose children could not be read or deleted: unchanged,
// except for the conditions Converged and Ready. observedGeneration stays, because the spec was not
// acted on.
api::LocalRegistryStatus status_after_failure(const Observed& observed,
                                              const ConditionValue& convergence);

// Returns whether the existing status needs no write. The order of its conditions, and conditions
// that another client added, do not count.
bool is_equivalent(const api::LocalRegistryStatus& wanted,
                   const api::LocalRegistryStatus& existing);

}  // namespace reconcile
