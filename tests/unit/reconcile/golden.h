// Golden cases of plan(): in tests/golden/<what-it-shows>/, observed.yaml describes the state, and
// plan.yaml the plan and what follows from it. tests/golden/README.md documents both. Values; one
// thread.
#pragma once

#include <string>
#include <vector>

#include "unit/reconcile/world.h"

namespace test {

// Returns the names of the folders in tests/golden, sorted.
std::vector<std::string> golden_cases();

// GoldenCase is the world that an observed.yaml describes. read_case() throws std::runtime_error if
// it cannot be read.
struct GoldenCase {
  World world;
  bool show_objects = false;
};
GoldenCase read_case(const Tree& yaml);

// Returns the actions in the form of plan.yaml: one line each, or with the whole objects.
Tree tree_of_actions(const std::vector<reconcile::Action>& actions, bool show_objects);

// Returns the status in the form of plan.yaml. A condition that changed at `now` has the time
// "now".
Tree tree_of_status(const api::LocalRegistryStatus& status, base::Time now);

// Returns the lines that only one of the texts has, marked - for expected and + for actual; empty
// if the texts are equal.
std::string difference(const std::string& expected, const std::string& actual);

}  // namespace test
