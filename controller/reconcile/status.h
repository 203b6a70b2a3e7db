// What the status says of what was observed. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "reconcile/acceptance.h"
#include "reconcile/availability.h"
#include "reconcile/observed.h"

namespace reconcile {

// Judges what was observed, never what the spec asks for. A condition keeps its time while its
// status is the same. convergence: the condition Converged. outdated_field: see DeploymentIntent.
api::LocalRegistryStatus compute_status(const Observed& observed,
                                        const std::optional<Refusal>& refusal,
                                        const Judgement& convergence,
                                        const std::string& outdated_field);

// The status of a resource of which only a part is known: unchanged, but Ready and Accepted are
// False for that reason.
api::LocalRegistryStatus compute_status_of_part(const Observed& observed, const Refusal& missing);
// The current status, with what has to be recorded before the first write to another object.
api::LocalRegistryStatus with_record(const Observed& observed);

// What the status says of a resource that is being deleted and whose objects cannot be removed.
api::LocalRegistryStatus with_blocked_cleanup(const Observed& observed);

// The status of a resource whose children could not be read or deleted: as it was, but for the
// conditions that say so. Its observedGeneration stays, since the spec was not acted on.
api::LocalRegistryStatus status_after_failure(const Observed& observed,
                                              const Judgement& convergence);

// Whether a status has to be written no more: the order of its conditions, and those that somebody
// else added, do not count.
bool says_the_same(const api::LocalRegistryStatus& wanted,
                   const api::LocalRegistryStatus& existing);

}  // namespace reconcile
