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
  // What users see. kFailing: the last two probes that said anything failed. kUnknown: no probe has
  // proven anything yet.
  ProbeResult state = ProbeResult::kNone;
  std::string reason;  // of kFailing and kUnknown
  base::Time since;    // when the state, or its reason, began
  // What the last probe depended on: the node's boot ID, versions and node proxy, and the requested
  // check. If it changes, the pair is probed again.
  std::string subject;
  ProbeResult last_result = ProbeResult::kNone;
  base::Time last_end;  // when the last probe ended
  int repeats = 0;      // probes of this subject in a row that did not prove the pull
  int failures = 0;     // failed probes since the last one that proved the pull
  int changes = 0;      // probes in a row whose subject differed from that of the one before

  bool operator==(const PairRecord&) const = default;
};

// Records a verdict; to be called once for a probe that has ended. If it has not ended, the verdict
// only gives a pair of which nothing is known a reason. A pair fails after two failures,
// limits::kPullConfirmation apart. A probe that says nothing changes neither a proven nor a failing
// pair. `subject`: that at the probe's start. `now`: the wall clock.
void record_verdict(PairRecord& record, const ProbeVerdict& verdict, std::string_view subject,
                    base::Time now);

struct ProbeCandidate {
  PairRecord record;
  std::string subject;       // what a probe would depend on now
  base::Time first_seen;     // when the pair became a candidate
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
// at most limits::kPullProbesPerSecond begin within a second. While all nodes of a registry that
// are known fail alike, at most limits::kPullProbes of its nodes are probed or known to fail; the
// others wait until one succeeds, or for limits::kPullBreakerTime. Times of a record that are in
// the future do not delay a probe for longer than its usual delay.
ProbePlan plan_probes(const std::vector<ProbeCandidate>& candidates, const ProbeBounds& bounds,
                      base::Time now);

}  // namespace reconcile
