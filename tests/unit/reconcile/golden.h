// A golden case: tests/golden/<what-it-shows>/observed.yaml is what is there, plan.yaml what
// plan() makes of it and what comes after. tests/golden/README.md tells how to write one. Values;
// one thread.
#pragma once

#include <string>
#include <vector>

#include "unit/reconcile/world.h"

namespace test {

// The folders of tests/golden, by name.
std::vector<std::string> golden_cases();

// The world that observed.yaml describes. Throws std::runtime_error when it cannot be read.
struct GoldenCase {
  World world;
  bool show_objects = false;
};
GoldenCase read_case(const Tree& yaml);

// Actions as plan.yaml tells them: a line each, or with the whole objects.
Tree tree_of_actions(const std::vector<reconcile::Action>& actions, bool show_objects);

// The status, with the times of the conditions told from now.
Tree tree_of_status(const api::LocalRegistryStatus& status, base::Time now);

// Lines that only one of the texts has, with - and +; empty when they are equal.
std::string difference(const std::string& expected, const std::string& actual);

}  // namespace test
