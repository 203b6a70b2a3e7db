#include "reconcile/pull/probe_plan.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/backoff.h"
#include "base/text/hash.h"

namespace reconcile {
namespace {

using std::chrono::milliseconds;

bool is_changed(const ProbeCandidate& candidate) {
  return candidate.record.last_result == ProbeResult::kNone ||
         candidate.record.subject != candidate.subject;
}

// Returns the next time, after `last`, at which the node has its turn in the interval.
base::Time next_turn(base::Time last, std::string_view node, milliseconds interval) {
  const auto since_epoch = std::chrono::duration_cast<milliseconds>(last.time_since_epoch());
  const milliseconds turn(base::spread_hash(node) % std::uint64_t(interval.count()));
  const milliseconds passed = (since_epoch - turn) % interval;
  return last + (passed < milliseconds::zero() ? -passed : interval - passed);
}

// Returns when the pair should be probed; the epoch means at once.
base::Time due_time(const ProbeCandidate& candidate, milliseconds interval) {
  const PairRecord& record = candidate.record;
  if (is_changed(candidate)) return {};
  if (record.last_result == ProbeResult::kProven) {
    return next_turn(record.last_end, candidate.node, interval);
  }
  const auto backed_off = [&record](milliseconds first) {
    return record.last_end + base::doubled(first, record.repeats - 1, limits::kPullLastRetry);
  };
  if (record.last_result == ProbeResult::kUnknown) {
    return backed_off(limits::kInconclusivePullFirstRetry);
  }
  if (record.state == ProbeResult::kProven) return record.last_end + limits::kPullConfirmation;
  return backed_off(limits::kFailedPullFirstRetry);
}

// The lower, the sooner: new and failing pairs, then those without a result, then the daily ones.
int urgency(const ProbeCandidate& candidate) {
  if (is_changed(candidate)) return 0;
  switch (candidate.record.last_result) {
    case ProbeResult::kUnknown: return 1;
    case ProbeResult::kProven: return 2;
    default: return 0;
  }
}

// What the probes of one registry have in common.
class Breaker {
 public:
  void add(const PairRecord& record) {
    if (record.state == ProbeResult::kNone) return;
    if (failures_.empty()) reason_ = record.reason;
    is_mixed_ = is_mixed_ || record.state != ProbeResult::kFailing || record.reason != reason_;
    failures_.push_back(record.since);
  }

  // Returns until when no further pair of the registry is probed; nullopt: none has to wait.
  std::optional<base::Time> closed_until(std::size_t parallelism) {
    if (is_mixed_ || failures_.size() < parallelism || parallelism == 0) return std::nullopt;
    const auto last = failures_.begin() + static_cast<std::ptrdiff_t>(parallelism - 1);
    std::nth_element(failures_.begin(), last, failures_.end());
    return *last + limits::kPullBreakerTime;
  }

 private:
  bool is_mixed_ = false;
  std::string reason_;
  std::vector<base::Time> failures_;  // when each of the failures began, if not mixed
};

std::map<std::size_t, base::Time> closed_registries(const std::vector<ProbeCandidate>& candidates,
                                                    std::size_t parallelism) {
  std::map<std::size_t, Breaker> breakers;
  for (const ProbeCandidate& candidate : candidates) {
    breakers[candidate.registry].add(candidate.record);
  }
  std::map<std::size_t, base::Time> closed;
  for (auto& [registry, breaker] : breakers) {
    if (const auto until = breaker.closed_until(parallelism)) closed.emplace(registry, *until);
  }
  return closed;
}

struct DueProbe {
  int urgency = 0;
  base::Time due;
  std::size_t candidate = 0;
};

std::size_t left_of(std::size_t bound, std::size_t used) { return bound > used ? bound - used : 0; }

}  // namespace

void record_verdict(PairRecord& record, const ProbeVerdict& verdict, std::string_view subject,
                    base::Time now) {
  const bool is_repeat = verdict.result == record.last_result && subject == record.subject;
  record.repeats = is_repeat ? record.repeats + 1 : 1;
  record.last_result = verdict.result;
  record.last_end = now;
  record.subject = subject;
  const bool stays_proven = record.state == ProbeResult::kProven &&
                            (verdict.result == ProbeResult::kUnknown || record.repeats < 2);
  if (verdict.result != ProbeResult::kProven && stays_proven) return;
  const bool is_same = record.state == verdict.result && record.reason == verdict.reason;
  if (!is_same) record.since = now;
  record.state = verdict.result;
  record.reason = verdict.reason;
}

ProbePlan plan_probes(const std::vector<ProbeCandidate>& candidates, const ProbeBounds& bounds,
                      base::Time now) {
  const std::map<std::size_t, base::Time> closed =
      closed_registries(candidates, bounds.parallelism);
  ProbePlan plan;
  const auto plan_again_at = [&](base::Time time) {
    const auto delay = std::chrono::ceil<milliseconds>(time - now);
    if (!plan.recheck_after || delay < *plan.recheck_after) plan.recheck_after = delay;
  };
  std::vector<DueProbe> due;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const ProbeCandidate& candidate = candidates[i];
    if (candidate.is_running) continue;
    base::Time time = due_time(candidate, bounds.interval);
    const auto wait = closed.find(candidate.registry);
    const bool is_new = candidate.record.state == ProbeResult::kNone;
    if (wait != closed.end() && is_new) time = std::max(time, wait->second);
    if (time > now) {
      plan_again_at(time);
    } else {
      due.push_back({urgency(candidate), time, i});
    }
  }
  std::sort(due.begin(), due.end(), [](const DueProbe& a, const DueProbe& b) {
    return std::tie(a.urgency, a.due, a.candidate) < std::tie(b.urgency, b.due, b.candidate);
  });
  const std::size_t places = left_of(bounds.parallelism, bounds.running);
  const std::size_t begun = left_of(limits::kPullProbesPerSecond, bounds.created_lately);
  for (const DueProbe& probe : due) {
    if (plan.starts.size() >= places) break;  // the end of a probe causes the next plan
    if (plan.starts.size() >= begun) {
      plan_again_at(now + std::chrono::seconds(1));
      break;
    }
    plan.starts.push_back(probe.candidate);
  }
  return plan;
}

}  // namespace reconcile
