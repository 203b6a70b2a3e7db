// What the product's contract says a cluster looks like once all is quiet, from the resources
// alone. Written from the contract, not from the code: what is looked at is the objects.
#pragma once

#include <string>
#include <vector>

#include "sim/api_server.h"

namespace sim {

// What is not as declared, in words; empty: all is.
std::vector<std::string> end_state_problems(const ApiServer& server);

// Whether the LocalRegistry has to be refused as the cluster is now: its namespace or its name is
// not to be had. False when there is no such resource.
bool has_reason_to_refuse(const ApiServer& server, const api::ObjectKey& registry);

}  // namespace sim
