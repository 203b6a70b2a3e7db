// This file contains the scenarios with a hostile tenant: a user with the role `edit` in one
// namespace, who forges every label, annotation and owner reference that the operator could
// believe, and sends floods. No scenario may affect the objects of another tenant.
#pragma once

#include <vector>

#include "sim/scenario.h"

namespace sim {

// The hostile tenant's namespace. No other namespace allows registries from it.
inline constexpr const char* kHostileNamespace = "team-c";

// Returns the scenarios. Each creates a registry of team-a, and then attacks it: with forged
// objects, with a resource that targets another namespace, or with a flood.
std::vector<Scenario> hostilities();

}  // namespace sim
