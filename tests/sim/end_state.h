// This file checks the state of a cluster at rest against the product's contract, using only the
// stored objects. It follows the contract and not the operator's code, so that it cannot repeat a
// mistake of that code.
#pragma once

#include <string>
#include <vector>

#include "sim/api_server.h"

namespace sim {

// Returns one sentence for each difference from the contract; empty if there is none.
std::vector<std::string> end_state_problems(const ApiServer& server);

// True if the operator has to refuse this LocalRegistry at present, because it cannot have its
// target namespace or its name. False if there is no such resource.
bool has_reason_to_refuse(const ApiServer& server, const api::ObjectKey& registry);

}  // namespace sim
