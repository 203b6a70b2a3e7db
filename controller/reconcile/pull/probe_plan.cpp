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

// A recorded time that is further in the future comes from a clock that was wrong.
constexpr auto kClockSkew = std::chrono::minutes(5);

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

// Returns a recorded time, which is never in the future. One of a clock that was wrong becomes the
// epoch.
base::Time past(base::Time recorded, base::Time now) {
  return recorded > now + kClockSkew ? base::Time() : std::min(recorded, now);
}

// Returns when the pair should be probed; nullopt: never.
std::optional<base::Time> due_time(const ProbeCandidate& candidate, milliseconds interval,
                                   base::Time now) {
  const PairRecord& record = candidate.record;
  if (is_new(candidate)) return past(candidate.first_seen, now);
  const base::Time last = past(record.last_end, now);
  const auto backed_off = [last](milliseconds first, int times) {
    return last + base::doubled(first, std::max(times, 0), limits::kPullLastRetry);
  };
  // A subject that changes again and again must not take all places.
  if (is_changed(candidate)) return backed_off(limits::kPullConfirmation, record.changes);
  switch (record.last_result) {
    case ProbeResult::kProven:
      if (interval <= milliseconds::zero()) return std::nullopt;
      return next_turn(last, candidate.node, interval);
    case ProbeResult::kUnknown:
      return backed_off(limits::kInconclusivePullFirstRetry, record.repeats - 1);
    default:
      if (record.failures == 1) return last + limits::kPullConfirmation;
      return backed_off(limits::kFailedPullFirstRetry, record.repeats - 2);
  }
}

// The lower, the sooner: new, changed and failing pairs, then those without a result, then proven
// ones. A pair that is overdue by more than limits::kPullLastRetry is as urgent as a new one.
int urgency(const ProbeCandidate& candidate, base::Time due, base::Time now) {
  if (is_new(candidate) || is_changed(candidate)) return 0;
  if (now - due > limits::kPullLastRetry) return 0;
  switch (candidate.record.last_result) {
    case ProbeResult::kUnknown: return 1;
    case ProbeResult::kProven: return 2;
    default: return 0;
  }
}

// What the probes of one registry have in common. While all fail alike, the cause is the registry's
// or the cluster's, so few of its nodes are probed.
class Breaker {
 public:
  void add(const ProbeCandidate& candidate, base::Time now) {
    const PairRecord& record = candidate.record;
    if (record.state == ProbeResult::kProven) {
      is_mixed_ = true;
    } else if (record.failures > 0) {
      if (failures_.empty()) reason_ = record.reason;
      is_mixed_ = is_mixed_ || record.reason != reason_;
      failures_.push_back(past(record.since, now));
    } else if (candidate.is_running) {
      ++running_;
    }
  }

  // Decides; call it after the last add().
  void decide(base::Time now) {
    if (is_mixed_ || failures_.empty()) return;
    const std::size_t last = std::min(failures_.size(), limits::kPullProbes) - 1;
    std::nth_element(failures_.begin(), failures_.begin() + static_cast<std::ptrdiff_t>(last),
                     failures_.end());
    end_ = failures_[last] + limits::kPullBreakerTime;
    if (end_ <= now) return;
    const std::size_t used = failures_.size() + running_;
    allowed_ = used < limits::kPullProbes ? limits::kPullProbes - used : 0;
  }

  // Returns whether a further node without a failure may be probed, and counts it.
  bool allows_one_more() {
    if (allowed_ == 0) return false;
    --allowed_;
    return true;
  }

  // Returns when the nodes that must wait may be probed if nothing else happens.
  base::Time end() const { return end_; }

 private:
  bool is_mixed_ = false;  // a node pulls, or two fail for different reasons
  std::string reason_;
  std::vector<base::Time> failures_;  // when each node began to fail
  std::size_t running_ = 0;           // probes of nodes of which nothing is known
  std::size_t allowed_ = std::numeric_limits<std::size_t>::max();
  base::Time end_;
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
    for (auto& [registry, breaker] : breakers_) breaker.decide(now_);
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

  // The end of a probe causes the next plan, so a slot that is taken needs no recheck.
  void start(const std::vector<DueProbe>& due) {
    const std::size_t free_slots = left_of(bounds_.parallelism, bounds_.running);
    const std::size_t left_this_second =
        left_of(limits::kPullProbesPerSecond, bounds_.created_lately);
    for (const DueProbe& probe : due) {
      if (plan_.starts.size() >= free_slots) return;
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
    const PairRecord& record = candidate.record;
    if (record.state == ProbeResult::kProven || record.failures > 0) return true;
    Breaker& breaker = breakers_[candidate.registry];
    if (breaker.allows_one_more()) return true;
    plan_again_at(breaker.end());
    return false;
  }

  const std::vector<ProbeCandidate>& candidates_;
  const ProbeBounds& bounds_;
  base::Time now_;
  std::map<std::size_t, Breaker> breakers_;  // by registry
  std::set<std::string_view> busy_nodes_;
  ProbePlan plan_;
};

}  // namespace

void record_verdict(PairRecord& record, const ProbeVerdict& verdict, std::string_view subject,
                    base::Time now) {
  if (verdict.has_ended) {
    const bool is_first = record.last_result == ProbeResult::kNone;
    const bool is_same_subject = is_first || subject == record.subject;
    const bool is_proven = verdict.result == ProbeResult::kProven;
    record.changes = is_same_subject ? 0 : record.changes + 1;
    record.repeats = is_proven ? 0 : is_same_subject ? record.repeats + 1 : 1;
    record.last_result = verdict.result;
    record.last_end = now;
    record.subject = subject;
    if (verdict.result == ProbeResult::kFailing) ++record.failures;
    if (is_proven) record.failures = 0;
  }
  ProbeResult state = verdict.result;
  if (!verdict.has_ended || state == ProbeResult::kUnknown) {
    const bool is_known = record.state == ProbeResult::kProven || record.failures > 0;
    if (is_known || state == ProbeResult::kNone) return;
    state = ProbeResult::kUnknown;
  }
  if (state == ProbeResult::kFailing && record.failures < 2) {
    if (record.state == ProbeResult::kProven) return;
    state = ProbeResult::kUnknown;
  }
  const bool is_same = record.state == state && record.reason == verdict.reason;
  if (!is_same || record.since > now) record.since = now;
  record.state = state;
  record.reason = verdict.reason;
}

ProbePlan plan_probes(const std::vector<ProbeCandidate>& candidates, const ProbeBounds& bounds,
                      base::Time now) {
  return Planner(candidates, bounds, now).plan();
}

}  // namespace reconcile
