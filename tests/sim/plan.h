// A plan: a scenario, and what goes wrong in it. And the course of one run of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace sim {

// Which exchange of the operator goes wrong, and how.
struct Fault {
  bool read = false;  // the n-th read; otherwise the n-th write, the Lease and events aside
  std::size_t number = 0;
  Fate fate = Fate::kAnswered;
  Past past;  // from then on, for a while
  // From then on events of this resource are held back.
  std::string lagging;
};

std::string name(Fate fate);
std::string describe(const Fault& fault);

struct Plan {
  const Scenario* scenario = nullptr;
  std::optional<Fault> fault;
  std::uint64_t seed = 1;
  base::Clock::Duration quiet = std::chrono::minutes(10);  // looked at after the end
  bool keep_trace = false;
};

struct Course {
  std::vector<std::string> violations;  // none: all is well
  std::string end;                      // fingerprint
  std::size_t writes = 0;               // of the operator, sent
  std::size_t reads = 0;
  std::size_t creates = 0;  // of children
  std::size_t deletes = 0;
  std::uint64_t hash = 0;
  base::Clock::Duration simulated{};
  bool long_quiet = false;  // nothing was written for 24 h after the end
  std::vector<std::string> trace;
};

// One replica, one fault.
Course run(const Plan& plan);

// Several replicas with leases, faults of all kinds drawn from the seed, actors that do not wait.
Course run_random(std::uint64_t seed, bool keep_trace = false);

}  // namespace sim
