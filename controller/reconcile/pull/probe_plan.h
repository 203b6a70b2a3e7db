// Decides when each pair of a node and a registry is probed: new and failing ones first, few at a
// time, and none again without a reason. All functions are pure and can be called on any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/time.h"
#include "reconcile/pull/probe_verdict.h"

namespace reconcile {

// What the probes of one pair have shown so far.
struct PairRecord {
  // What users see. kFailing: the node has never pulled, or the last probes failed. kUnknown: no
  // probe has shown anything yet.
  ProbeResult state = ProbeResult::kNone;
  std::string reason;  // of kFailing and kUnknown
  base::Time since;    // when the state, or its reason, began
  // What the last probe depended on: the node's boot ID, versions and node proxy, and the requested
  // check. If it changes, the pair is probed again.
  std::string subject;
  ProbeResult last_result = ProbeResult::kNone;
  base::Time last_end;  // when the last probe ended
  int repeats = 0;      // probes in a row with last_result, of the same subject
  int failures = 0;     // failed probes since the last one that proved the pull

  bool operator==(const PairRecord&) const = default;
};

// Adds a verdict. If the probe has not ended, the verdict only gives a pair of which nothing is
// known a reason. A pair that was proven stays so after one failure: it fails after two,
// limits::kPullConfirmation apart. A probe that says nothing changes neither a proven nor a failing
// pair. `subject`: that at the probe's start. `now`: the wall clock.
void record_verdict(PairRecord& record, const ProbeVerdict& verdict, std::string_view subject,
                    base::Time now);

struct ProbeCandidate {
  PairRecord record;
  std::string subject;       // what a probe would depend on now
  std::size_t registry = 0;  // candidates with the same number belong to one registry
  std::string node;          // one probe runs on it at a time; spreads the daily probes
  bool is_running = false;   // a probe of the pair runs now
};

struct ProbeBounds {
  std::size_t parallelism = limits::kPullProbes;
  // Proven pairs are probed again after this time; zero: only when their subject changes.
  std::chrono::milliseconds interval = limits::kPullCheckInterval;
  std::size_t running = 0;         // probes that run now, those of other lists included
  std::size_t created_lately = 0;  // within the last second
};

struct ProbePlan {
  std::vector<std::size_t> starts;  // indexes of candidates, the most urgent first
  // When to plan again if nothing changes; nullopt: never.
  std::optional<std::chrono::milliseconds> recheck_after;
};

// Returns which probes to start now. At most bounds.parallelism run at once, one on each node, and
// at most limits::kPullProbesPerSecond begin within a second. If the first limits::kPullProbes
// nodes of a registry all fail alike, its other nodes wait until one succeeds, or for
// limits::kPullBreakerTime. A time of a record that is in the future counts as now.
ProbePlan plan_probes(const std::vector<ProbeCandidate>& candidates, const ProbeBounds& bounds,
                      base::Time now);

}  // namespace reconcile
