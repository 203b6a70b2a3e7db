#include "reconcile/pull/probe_plan.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/backoff.h"
#include "base/text/hash.h"

namespace reconcile {
namespace {

using std::chrono::milliseconds;

bool is_new(const ProbeCandidate& candidate) {
  return candidate.record.last_result == ProbeResult::kNone;
}

bool is_changed(const ProbeCandidate& candidate) {
  return candidate.record.subject != candidate.subject;
}

// Returns the next time, after `last`, at which the node has its turn in the interval.
base::Time next_turn(base::Time last, std::string_view node, milliseconds interval) {
  const auto since_epoch = std::chrono::duration_cast<milliseconds>(last.time_since_epoch());
  const milliseconds turn(base::spread_hash(node) % std::uint64_t(interval.count()));
  const milliseconds passed = (since_epoch - turn) % interval;
  return last + (passed < milliseconds::zero() ? -passed : interval - passed);
}

// Returns when the pair should be probed; the epoch means at once, nullopt never.
std::optional<base::Time> due_time(const ProbeCandidate& candidate, milliseconds interval,
                                   base::Time now) {
  const PairRecord& record = candidate.record;
  if (is_new(candidate)) return base::Time();
  const base::Time last = std::min(record.last_end, now);
  // A subject that changes again and again must not take all places.
  if (is_changed(candidate)) return last + limits::kPullConfirmation;
  const auto backed_off = [&](milliseconds first) {
    return last + base::doubled(first, record.repeats - 1, limits::kPullLastRetry);
  };
  switch (record.last_result) {
    case ProbeResult::kProven:
      if (interval <= milliseconds::zero()) return std::nullopt;
      return next_turn(last, candidate.node, interval);
    case ProbeResult::kUnknown: return backed_off(limits::kInconclusivePullFirstRetry);
    default:
      if (record.state == ProbeResult::kProven) return last + limits::kPullConfirmation;
      return backed_off(limits::kFailedPullFirstRetry);
  }
}

// The lower, the sooner: new, changed and failing pairs, then those without a result, then the
// daily ones. A pair that has waited for long goes with the first.
int urgency(const ProbeCandidate& candidate, base::Time due, base::Time now) {
  if (is_new(candidate) || is_changed(candidate)) return 0;
  if (now - due > limits::kPullLastRetry) return 0;
  switch (candidate.record.last_result) {
    case ProbeResult::kUnknown: return 1;
    case ProbeResult::kProven: return 2;
    default: return 0;
  }
}

// What the probes of one registry have in common. If the first limits::kPullProbes nodes fail
// alike, the breaker is open: nodes without a verdict are not probed for a while, since the cause
// is the registry's or the cluster's.
class Breaker {
 public:
  void add(const ProbeCandidate& candidate, base::Time now) {
    const PairRecord& record = candidate.record;
    if (record.state == ProbeResult::kFailing) {
      if (failures_.empty()) reason_ = record.reason;
      differs_ = differs_ || record.reason != reason_;
      failures_.push_back(std::min(record.since, now));
    } else if (record.state == ProbeResult::kProven) {
      differs_ = true;
    } else if (candidate.is_running) {
      ++running_;
    }
  }

  // Returns how many nodes without a verdict may be probed at once.
  std::size_t places(base::Time now) {
    if (differs_ || failures_.empty()) return std::numeric_limits<std::size_t>::max();
    if (const auto end = open_until(); end && *end <= now) {
      return std::numeric_limits<std::size_t>::max();
    }
    const std::size_t used = failures_.size() + running_;
    return used < limits::kPullProbes ? limits::kPullProbes - used : 0;
  }

  // Returns when the breaker closes if nothing else happens; nullopt if it is not open.
  std::optional<base::Time> open_until() {
    if (differs_ || failures_.size() < limits::kPullProbes) return std::nullopt;
    const auto last = failures_.begin() + static_cast<std::ptrdiff_t>(limits::kPullProbes - 1);
    std::nth_element(failures_.begin(), last, failures_.end());
    return *last + limits::kPullBreakerTime;
  }

 private:
  bool differs_ = false;  // a node pulls, or two fail for different reasons
  std::string reason_;
  std::vector<base::Time> failures_;  // when each of the failures began
  std::size_t running_ = 0;           // probes of nodes without a verdict
};

struct DueProbe {
  int urgency = 0;
  base::Time due;
  std::size_t candidate = 0;
};

std::size_t left_of(std::size_t bound, std::size_t used) { return bound > used ? bound - used : 0; }

// Chooses the probes to start.
class Planner {
 public:
  Planner(const std::vector<ProbeCandidate>& candidates, const ProbeBounds& bounds, base::Time now)
      : candidates_(candidates), bounds_(bounds), now_(now) {}

  ProbePlan plan() {
    for (const ProbeCandidate& candidate : candidates_) {
      breakers_[candidate.registry].add(candidate, now_);
      if (candidate.is_running) busy_nodes_.insert(candidate.node);
    }
    for (auto& [registry, breaker] : breakers_) places_[registry] = breaker.places(now_);
    start(due_probes());
    return std::move(plan_);
  }

 private:
  void plan_again_at(base::Time time) {
    const auto delay = std::chrono::ceil<milliseconds>(time - now_);
    if (!plan_.recheck_after || delay < *plan_.recheck_after) plan_.recheck_after = delay;
  }

  std::vector<DueProbe> due_probes() {
    std::vector<DueProbe> due;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (candidates_[i].is_running) continue;
      const auto time = due_time(candidates_[i], bounds_.interval, now_);
      if (!time) continue;
      if (*time > now_) {
        plan_again_at(*time);
      } else {
        due.push_back({urgency(candidates_[i], *time, now_), *time, i});
      }
    }
    std::sort(due.begin(), due.end(), [](const DueProbe& a, const DueProbe& b) {
      return std::tie(a.urgency, a.due, a.candidate) < std::tie(b.urgency, b.due, b.candidate);
    });
    return due;
  }

  // The end of a probe causes the next plan, so a place that is taken needs no recheck.
  void start(const std::vector<DueProbe>& due) {
    const std::size_t places = left_of(bounds_.parallelism, bounds_.running);
    const std::size_t left_this_second =
        left_of(limits::kPullProbesPerSecond, bounds_.created_lately);
    for (const DueProbe& probe : due) {
      if (plan_.starts.size() >= places) return;
      if (plan_.starts.size() >= left_this_second) {
        return plan_again_at(now_ + std::chrono::seconds(1));
      }
      const ProbeCandidate& candidate = candidates_[probe.candidate];
      if (busy_nodes_.contains(candidate.node) || !passes_breaker(candidate)) continue;
      busy_nodes_.insert(candidate.node);
      plan_.starts.push_back(probe.candidate);
    }
  }

  bool passes_breaker(const ProbeCandidate& candidate) {
    const ProbeResult state = candidate.record.state;
    if (state == ProbeResult::kProven || state == ProbeResult::kFailing) return true;
    std::size_t& places = places_[candidate.registry];
    if (places == 0) {
      if (const auto end = breakers_[candidate.registry].open_until()) plan_again_at(*end);
      return false;
    }
    --places;
    return true;
  }

  const std::vector<ProbeCandidate>& candidates_;
  const ProbeBounds& bounds_;
  base::Time now_;
  std::map<std::size_t, Breaker> breakers_;    // by registry
  std::map<std::size_t, std::size_t> places_;  // by registry: Breaker::places() that are left
  std::set<std::string_view> busy_nodes_;
  ProbePlan plan_;
};

}  // namespace

void record_verdict(PairRecord& record, const ProbeVerdict& verdict, std::string_view subject,
                    base::Time now) {
  if (verdict.has_ended) {
    const bool is_repeat = verdict.result == record.last_result && subject == record.subject;
    record.repeats = is_repeat ? record.repeats + 1 : 1;
    record.last_result = verdict.result;
    record.last_end = now;
    record.subject = subject;
    if (verdict.result == ProbeResult::kFailing) ++record.failures;
    if (verdict.result == ProbeResult::kProven) record.failures = 0;
  }
  const bool is_conclusive = verdict.has_ended && verdict.result != ProbeResult::kUnknown;
  const bool is_known =
      record.state == ProbeResult::kProven || record.state == ProbeResult::kFailing;
  if (!is_conclusive && (is_known || verdict.result == ProbeResult::kNone)) return;
  const bool may_be_chance = record.state == ProbeResult::kProven &&
                             verdict.result == ProbeResult::kFailing && record.failures < 2;
  if (may_be_chance) return;
  const bool is_same = record.state == verdict.result && record.reason == verdict.reason;
  if (!is_same) record.since = now;
  record.state = verdict.result;
  record.reason = verdict.reason;
}

ProbePlan plan_probes(const std::vector<ProbeCandidate>& candidates, const ProbeBounds& bounds,
                      base::Time now) {
  return Planner(candidates, bounds, now).plan();
}

}  // namespace reconcile
