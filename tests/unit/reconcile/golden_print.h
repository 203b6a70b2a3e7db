// The form in which a plan.yaml shows actions and statuses: as what differs from the state before,
// or from the default LocalRegistry. tests/golden/README.md documents it. Values; one thread.
#pragma once

#include <string>
#include <vector>

#include "unit/reconcile/world.h"

namespace test {

// What a plan.yaml shows whole: nothing, created objects, or these and the status. A golden case
// that shows them whole is what the others are compared with.
enum class Shown { kDifferences, kObjects, kEverything };

// Returns `line`, and what the action changes in `world`, the state before it: for an apply to an
// existing object its changes, for a create what the default LocalRegistry has otherwise.
Tree tree_of_action(const World& world, const reconcile::Action& action, const std::string& line,
                    Shown shown);

// Returns how `status` differs from the status `before`; if nothing was recorded before, how it
// differs from the first status of the default LocalRegistry. A condition that changed at `now` has
// the time "now".
Tree tree_of_status(const api::LocalRegistryStatus& before, const api::LocalRegistryStatus& status,
                    base::Time now, Shown shown);

// Returns how the conditions at the end differ from those of the default LocalRegistry, without
// times and messages; null if they do not differ.
Tree tree_of_last_conditions(const api::LocalRegistryStatus& status, Shown shown);

}  // namespace test
