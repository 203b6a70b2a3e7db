// What the product's contract says a cluster looks like once all is quiet, from the resources
// alone. Written from the contract, not from the code: what is looked at is the objects.
#pragma once

#include <string>
#include <vector>

#include "sim/api_server.h"

namespace sim {

// What is not as declared, in words; empty: all is.
std::vector<std::string> end_state_problems(const ApiServer& server);

}  // namespace sim
