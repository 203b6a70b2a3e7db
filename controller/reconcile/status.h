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

}  // namespace reconcile
