// A hostile tenant: a user with `edit` in one namespace, who forges every mark that the operator
// could believe, and sends floods. Nothing of it may reach another tenant's objects.
#pragma once

#include <vector>

#include "sim/scenario.h"

namespace sim {

// The hostile tenant's namespace. No other namespace allows registries from it.
inline constexpr const char* kHostileNamespace = "team-c";

// The registry of team-a in each of its ways to run, and then one forgery or flood.
std::vector<Scenario> hostilities();

}  // namespace sim
