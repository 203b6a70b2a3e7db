// Computes the events on a LocalRegistry that report a reconcile to users. Each change is reported
// once. All functions are pure and can be called on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reconcile/plan.h"

namespace reconcile {

struct ReconcileEvent {
  bool warning = false;
  std::string reason;  // "Created"
  std::string action;  // what the operator did or tried: "Create"
  std::string note;    // the text that users read

  bool operator==(const ReconcileEvent&) const = default;
};

// Returns the events of one reconcile. `before`: the LocalRegistry before the reconcile; `done`:
// the writes that succeeded; `after`: the new status. A refusal is reported only when its reason
// was not in the status before.
std::vector<ReconcileEvent> compute_events(const api::LocalRegistry& before,
                                           const std::vector<Action>& done,
                                           const api::LocalRegistryStatus& after);

}  // namespace reconcile
