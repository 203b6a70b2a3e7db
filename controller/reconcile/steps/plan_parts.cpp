#include "reconcile/steps/plan_parts.h"

#include "reconcile/contest/contest.h"
#include "reconcile/status/status.h"

namespace reconcile {

void require_live_read(const Observed& observed, Plan& plan) {
  if (!find_failure(observed, ObjectRole::kLocalRegistry)) plan.actions.emplace_back(ReadLive{});
}

Delete delete_of(ObjectRole role, const api::ObjectMeta& meta) {
  return {role, api::key_of(meta), meta.uid, "", false};
}

void leave_contested(const Observed& observed, ObjectRole role, Plan& plan) {
  if (const FieldContest* contest = observed.history.find(role)) plan.contested.push_back(*contest);
}

void end_contest(const Observed& observed, ObjectRole role, Plan& plan) {
  const FieldContest* contest = observed.history.find(role);
  if (contest == nullptr) return;
  if (is_in_heal_window(*contest, observed.instant)) return leave_contested(observed, role, plan);
  plan.ended_contests.push_back(role);
}

void set_finalizer(const Observed& observed, bool present, Plan& plan) {
  if (find_failure(observed, ObjectRole::kLocalRegistry)) return;
  const FieldContest* contest = observed.history.find(ObjectRole::kLocalRegistry);
  const bool same = contest != nullptr && contest->intent == std::size_t(present);
  if (same && observed.instant < contest->retry) {
    return leave_contested(observed, ObjectRole::kLocalRegistry, plan);
  }
  plan.actions.emplace_back(SetFinalizer{present});
}

void retry_contested(const Observed& observed, Plan& plan) {
  const auto next = next_try(observed.history, plan.contested, observed.instant);
  if (next) requeue_no_later_than(*next - observed.instant, plan);
}

void report(const Observed& observed, api::LocalRegistryStatus status, Plan& plan) {
  if (!is_equivalent(status, observed.registry->status)) plan.status = std::move(status);
}

void report_failure(const Observed& observed, Plan& plan) {
  report(observed, status_after_failure(observed, compute_converged(observed, std::nullopt, plan)),
         plan);
}

}  // namespace reconcile
