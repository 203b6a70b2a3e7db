// This file declares what the steps of plan() share: the draft that they work on, and small
// additions to a plan. Only the sources of plan() use it. All functions are pure and can be called
// on any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "reconcile/checks/acceptance.h"
#include "reconcile/children/names.h"
#include "reconcile/children/template_hold.h"
#include "reconcile/plan.h"

namespace reconcile {

// The input of the steps, what earlier steps found out, and the plan so far.
struct Draft {
  const Observed& observed;
  Plan plan = {};
  std::optional<Refusal> refusal = {};              // why the spec is not accepted
  std::optional<DeploymentIntent> deployment = {};  // set if a Deployment is wanted
  bool is_unclear = false;  // too little is known of the existing objects to judge the spec
  bool must_read = false;   // a live read comes before any write of a child

  const api::LocalRegistry& registry() const { return *observed.registry; }
  bool is_suspended() const { return registry().spec.suspend; }
};

template <class Duration>
void requeue_no_later_than(Duration delay, Plan& plan) {
  const auto after =
      std::chrono::ceil<std::chrono::milliseconds>(std::max(delay, Duration::zero()));
  if (!plan.requeue_after || after < *plan.requeue_after) plan.requeue_after = after;
}

// Plans a live read. If one has failed in this reconcile, only the next reconcile retries it.
void require_live_read(const Observed& observed, Plan& plan);

// Returns the delete of an object with the uid that was observed as its precondition.
Delete delete_of(ObjectRole role, const api::ObjectMeta& meta);

// Plans the deletion of the child of that role, if there is one at its key.
template <ObjectRole role>
void delete_child(const Observed& observed, Plan& plan) {
  const auto& object = observed.slots.get<role>();
  if (is_child(observed, object) && !is_terminating(object->metadata)) {
    plan.actions.emplace_back(delete_of(role, object->metadata));
  }
}

// Leaves the object unchanged, and adds its contest (fields that another client keeps changing) to
// the plan, so that the status reports it.
void leave_contested(const Observed& observed, ObjectRole role, Plan& plan);

// Ends the contest over an object without drift, unless another client may still change the object
// again (is_in_heal_window()).
void end_contest(const Observed& observed, ObjectRole role, Plan& plan);

// Plans to add (`present`) or remove the finalizer. Plans nothing if a request about the
// LocalRegistry failed in this reconcile, or until the next retry if another client keeps reverting
// the change.
void set_finalizer(const Observed& observed, bool present, Plan& plan);

// Plans a reconcile for the next retry of contested fields.
void retry_contested(const Observed& observed, Plan& plan);

// Plans to write this status, unless the observed status is equivalent to it.
void report(const Observed& observed, api::LocalRegistryStatus status, Plan& plan);

// Reports a failed live read or delete in the status. The rest of the status stays unchanged,
// because nothing newer is known.
void report_failure(const Observed& observed, Plan& plan);

}  // namespace reconcile
