// Plan is a scenario together with the fault that disturbs it. Course is the result of one run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace sim {

// Which request of the operator goes wrong, and how.
struct Fault {
  bool read = false;  // `number` counts reads; otherwise writes. Leases and Events do not count
  std::size_t number = 0;
  Fate fate = Fate::kAnswered;
  // The state with which new watches begin for some seconds after the fault.
  Past past;
  // From then on events of this resource arrive late; empty: no event does.
  std::string lagging;
};

std::string name(Fate fate);
std::string describe(const Fault& fault);

struct Plan {
  const Scenario* scenario = nullptr;
  std::optional<Fault> fault;
  std::uint64_t seed = 1;
  base::Clock::Duration quiet = std::chrono::minutes(10);  // how long the run is watched at its end
  bool keep_trace = false;
};

struct Course {
  std::vector<std::string> violations;  // empty: no rule is broken
  std::string end;                      // fingerprint() of the state at the end
  std::size_t writes = 0;               // that the operator sent
  std::size_t reads = 0;
  std::size_t creates = 0;  // of children, by the operator
  std::size_t deletes = 0;
  std::uint64_t hash = 0;
  base::Clock::Duration simulated{};
  bool long_quiet = false;  // the run was watched for 24 h after its end
  std::vector<std::string> trace;
};

// Runs the plan with one replica and at most one fault. After each step the run waits until the
// operator has converged.
Course run(const Plan& plan);

// Runs one to three replicas, with a Lease or without. Faults of all kinds are drawn from the seed,
// and the steps do not wait until the operator has converged.
Course run_random(std::uint64_t seed, bool keep_trace = false);

}  // namespace sim
