// Golden cases of plan(): in tests/golden/<what-it-shows>/, observed.yaml describes the state, and
// plan.yaml the plan and what follows from it. tests/golden/README.md documents both. Values; one
// thread.
#pragma once

#include <string>
#include <vector>

#include "unit/reconcile/golden_print.h"

namespace test {

// Returns the names of the folders in tests/golden, sorted.
std::vector<std::string> golden_cases();

// GoldenCase is the world that an observed.yaml describes. read_case() throws std::runtime_error if
// it cannot be read.
struct GoldenCase {
  World world;
  Shown shown = Shown::kDifferences;
};
GoldenCase read_case(const Tree& yaml);

// Returns the lines that only one of the texts has, marked - for expected and + for actual; empty
// if the texts are equal.
std::string difference(const std::string& expected, const std::string& actual);

}  // namespace test
