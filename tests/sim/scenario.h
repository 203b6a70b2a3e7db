// What is wished for and done to a registry, step by step: the material that faults are put into.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/world.h"

namespace sim {

struct Step {
  std::string name;
  std::function<void(World&)> act;
  // Whether the operator must neither write nor report anything because of the step.
  bool must_change_nothing = false;
  // Whether it only makes sense after the steps before it: random scenarios leave it out.
  bool is_bound = false;
};

struct Scenario {
  std::string name;  // "changes/persistence to name"
  std::vector<Step> steps;
  std::function<void(World&)> prepare;  // before anything runs; may be null
};

// Each class of value of each field of the spec to each other, invalid ones included.
std::vector<Scenario> spec_changes();

// Each label, selector, owner reference and owned field of each child corrupted, and each child
// deleted, with and without persistence.
std::vector<Scenario> corruptions();

// The lives of registries: conflicts, refusals, other namespaces, rivals, deletion and return.
std::vector<Scenario> lives();

// Policies that rewrite what the operator writes, and another controller that changes it back: for
// a while, under a changing spec, across a restart.
std::vector<Scenario> contests();

// Specs whose pod never becomes ready, and their corrections.
std::vector<Scenario> corrections();

// All of them.
std::vector<Scenario> scenarios();

// A row of steps drawn from the seed.
Scenario random_scenario(Chance& chance);

}  // namespace sim
