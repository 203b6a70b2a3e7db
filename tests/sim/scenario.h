// A Scenario is a sequence of steps: what users and other clients do to a registry. Faults are
// injected into its runs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/world.h"

namespace sim {

struct Step {
  std::string name;
  std::function<void(World&)> act;
  // True if the operator must neither write nor create Events because of this step.
  bool must_change_nothing = false;
  // True if the step makes sense only after the steps before it; random scenarios leave it out.
  bool is_bound = false;
};

struct Scenario {
  std::string name;  // "changes/persistence to name"
  std::vector<Step> steps;
  std::function<void(World&)> prepare;  // called before the first step; may be null
};

// Returns scenarios that change the spec from one value to another, with valid and invalid values
// of each field.
std::vector<Scenario> spec_changes();

// Returns scenarios that corrupt the labels, annotations, owner references and owned fields of each
// child, or delete a child, with and without persistence.
std::vector<Scenario> corruptions();

// Returns scenarios of registries that meet name conflicts, refused writes, other namespaces and
// rivals, and that are deleted and created again.
std::vector<Scenario> lives();

// Returns scenarios in which a policy rewrites the operator's writes, or another controller reverts
// them: from the start or later, with a changed spec, and across a restart.
std::vector<Scenario> contests();

// Returns scenarios in which a wrong spec keeps the pod from becoming ready and is then corrected.
std::vector<Scenario> corrections();

// Returns the scenarios of all kinds.
std::vector<Scenario> scenarios();

// Returns random steps of all scenarios, drawn from the seed.
Scenario random_scenario(Chance& chance);

}  // namespace sim
