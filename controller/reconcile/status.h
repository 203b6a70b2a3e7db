// What the status says of what was observed. Pure; any thread.
#pragma once

#include <optional>

#include "reconcile/acceptance.h"
#include "reconcile/observed.h"

namespace reconcile {

// Judges what is there, never what is wished. A condition keeps its time while its status is the
// same.
api::LocalRegistryStatus compute_status(const Observed& observed,
                                        const std::optional<Refusal>& refusal);

// Whether a status has to be written no more: the order of its conditions, and those that somebody
// else added, do not count.
bool says_the_same(const api::LocalRegistryStatus& wanted,
                   const api::LocalRegistryStatus& existing);

}  // namespace reconcile
