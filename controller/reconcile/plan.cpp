#include "reconcile/plan.h"

#include <algorithm>

#include "base/limits.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/checks/decision.h"
#include "reconcile/contest/contest.h"
#include "reconcile/status/images.h"
#include "reconcile/status/pods.h"
#include "reconcile/status/reasons.h"
#include "reconcile/status/status.h"
#include "reconcile/steps/ensure.h"
#include "reconcile/steps/live_reads.h"
#include "reconcile/steps/plan_parts.h"
#include "reconcile/steps/removal.h"

namespace reconcile {
namespace {

// What follows a step: the next one, or nothing because the plan is complete.
enum class Next { kStep, kEnd };

Next delete_orphaned_children(Draft& draft) {
  if (draft.observed.registry) return Next::kStep;
  plan_orphan_deletion(draft.observed, draft.plan);
  return Next::kEnd;
}

// If the cache holds only the metadata (kMetadataOnly), the status is not written, because an apply
// of conditions alone would remove the other status fields. Then only an event reports the missing
// part.
Next report_missing_part(Draft& draft) {
  const api::ObjectMeta& meta = draft.registry().metadata;
  const auto missing = find_missing_part(draft.registry());
  // If a part of the metadata is missing, even the operator's own finalizer cannot be removed: the
  // write would drop the finalizers that the cache does not hold.
  const bool is_unknown = meta.completeness == json::Completeness::kPartialMetadata;
  if (!missing || (!is_unknown && is_terminating(meta))) return Next::kStep;
  if (meta.completeness != json::Completeness::kMetadataOnly) {
    report(draft.observed, compute_status_of_partial_object(draft.observed, *missing), draft.plan);
  }
  return Next::kEnd;
}

Next delete_children(Draft& draft) {
  if (!is_terminating(draft.registry().metadata)) return Next::kStep;
  plan_deletion(draft.observed, draft.plan);
  return Next::kEnd;
}

Next check_spec(Draft& draft) {
  draft.refusal = find_refusal(draft.observed);
  return Next::kStep;
}

Next decide_pod(Draft& draft) {
  if (!draft.registry().spec.persistence.enabled && is_deployed(draft.observed)) {
    draft.deployment = intended_deployment(draft.observed);
  }
  return Next::kStep;
}

Next find_unseen_objects(Draft& draft) {
  const Observed& observed = draft.observed;
  const bool has_unseen = has_unseen_workload(observed) || has_unseen_service(observed);
  // Only the status records these objects, and for a suspended or refused LocalRegistry no other
  // step reads them live.
  if ((draft.is_suspended() || draft.refusal) && has_unseen) {
    require_live_read(observed, draft.plan);
  }
  if (draft.is_suspended() || observed.live) return Next::kStep;
  draft.is_unclear = may_miss_objects(observed);
  draft.must_read =
      draft.is_unclear || !observed.orphans.empty() || (!draft.refusal && takes_over(observed));
  if (draft.must_read) require_live_read(observed, draft.plan);
  return Next::kStep;
}

Next record_first(Draft& draft) {
  const bool writes = !draft.is_suspended() && !draft.must_read && !draft.refusal;
  if (!writes || has_required_records(draft.observed)) return Next::kStep;
  draft.plan.status = status_with_required_records(draft.observed);
  draft.plan.requeue_after = limits::kRefusedRetry;  // the watch event usually comes first
  return Next::kEnd;
}

Next maintain_children(Draft& draft) {
  if (draft.is_suspended() || draft.must_read || draft.refusal) return Next::kStep;
  const Observed& observed = draft.observed;
  Plan& plan = draft.plan;
  const bool has = has_finalizer(draft.registry().metadata);
  const bool needs = needs_finalizer(observed);
  // The finalizer is set before the first object that needs it is created.
  if (needs && !has) {
    set_finalizer(observed, true, plan);
    return Next::kStep;
  }
  // The Service under an earlier name has to release its node port before a new Service requests
  // it.
  if (has_misplaced_service(observed)) {
    remove_misplaced_children(observed, plan);
    return Next::kStep;
  }
  if (is_deployed(observed)) {
    ensure_pvc(observed, plan);
    ensure_workload(observed, draft.deployment ? &*draft.deployment : nullptr, plan);
    ensure_service(observed, plan);
  } else {
    remove_registry(observed, plan);
  }
  remove_unwanted_pvc(observed, plan);
  remove_misplaced_children(observed, plan);
  if (has && !needs && plan.actions.empty()) {
    if (observed.live) {
      set_finalizer(observed, false, plan);
    } else {
      require_live_read(observed, plan);  // a cache may not show a child yet
    }
  } else if (has == needs) {
    end_contest(observed, ObjectRole::kLocalRegistry, plan);
  }
  return Next::kStep;
}

Next undo_creation(Draft& draft) {
  const bool has_conflict = draft.refusal && draft.refusal->reason == reason::kNameConflict;
  if (draft.is_suspended() || draft.must_read || !has_conflict) return Next::kStep;
  undo_partial_creation(draft.observed, draft.plan);
  draft.plan.requeue_after = limits::kConflictCheck;  // foreign objects are not watched
  return Next::kStep;
}

Next delete_orphans(Draft& draft) {
  if (!draft.is_suspended()) remove_orphans(draft.observed, draft.plan);
  return Next::kStep;
}

Next confirm_empty_namespaces(Draft& draft) {
  const bool creates = !draft.refusal && !draft.is_suspended() && is_deployed(draft.observed);
  if (!draft.observed.live && may_drop_namespace(draft.observed, creates)) {
    require_live_read(draft.observed, draft.plan);
  }
  return Next::kStep;
}

// A failure with the code kInvalid is a refused apply. It does not prevent the delete, which is the
// remedy for the refusal.
Next drop_failed_deletes(Draft& draft) {
  std::erase_if(draft.plan.actions, [&](const Action& action) {
    const auto* remove = std::get_if<Delete>(&action);
    if (remove == nullptr) return false;
    const FailedRequest* failure = find_failure(draft.observed, remove->role);
    return failure != nullptr && failure->error.code != base::ErrorCode::kInvalid;
  });
  return Next::kStep;
}

Next read_before_risky_actions(Draft& draft) {
  std::vector<Action>& actions = draft.plan.actions;
  if (!draft.observed.live && is_risky(draft.observed, draft.plan)) {
    actions.clear();
    require_live_read(draft.observed, draft.plan);
  }
  const auto is_read = [](const Action& action) {
    return std::holds_alternative<ReadLive>(action);
  };
  const auto first = std::find_if(actions.begin(), actions.end(), is_read);
  if (first != actions.end()) {
    actions.erase(std::remove_if(first + 1, actions.end(), is_read), actions.end());
  }
  return Next::kStep;
}

Next retry_failures(Draft& draft) {
  if (!draft.observed.failures.empty()) draft.plan.requeue_after = limits::kRefusedRetry;
  retry_contested(draft.observed, draft.plan);
  return Next::kStep;
}

// A StatefulSet's status does not say why there is no pod, and the operator does not watch events.
// So the reason is read, and the read is repeated after a while.
Next find_pod_refusal(Draft& draft) {
  const Observed& observed = draft.observed;
  const Workload workload = find_workload(observed);
  if (!has_no_pod(observed, workload)) return Next::kStep;
  if (!observed.pod_refusal) {
    draft.plan.actions.emplace_back(
        ReadPodRefusal{api::key_of(*workload.metadata), workload.metadata->uid});
  } else if (!observed.pod_refusal->is_known) {
    requeue_no_later_than(limits::kPodRefusalRetry, draft.plan);
  } else {
    const auto age = observed.now - observed.pod_refusal->changed;
    requeue_no_later_than(std::clamp<base::Time::duration>(age / 4, limits::kPodRefusalFirst,
                                                           limits::kPodRefusalLast),
                          draft.plan);
  }
  return Next::kStep;
}

Next check_pushes(Draft& draft) {
  if (draft.is_suspended()) return Next::kStep;
  std::vector<std::string> images = images_to_check(draft.observed);
  if (!images.empty()) draft.plan.actions.emplace_back(CheckPush{std::move(images)});
  const auto next = next_push_check(draft.observed);
  if (next) requeue_no_later_than(*next - draft.observed.now, draft.plan);
  return Next::kStep;
}

Next report_status(Draft& draft) {
  const Observed& observed = draft.observed;
  if (draft.refusal || !draft.is_unclear) {
    const ConditionValue converged = compute_converged(observed, draft.refusal, draft.plan);
    const std::string outdated = draft.deployment ? draft.deployment->outdated_field : "";
    report(observed, compute_status(observed, draft.refusal, converged, outdated), draft.plan);
  } else if (find_failure(observed, ObjectRole::kLocalRegistry)) {
    report_failure(observed, draft.plan);
  }
  return Next::kEnd;
}

struct Step {
  std::string_view what;
  Next (*run)(Draft&);
};

// All that plan() does, in this order.
constexpr Step kSteps[] = {
    {"delete the orphaned children of a LocalRegistry that is gone", delete_orphaned_children},
    {"report a LocalRegistry that the cache holds only in part", report_missing_part},
    {"delete the children of a LocalRegistry that is being deleted", delete_children},
    {"check whether the spec is accepted", check_spec},
    {"decide which pod a Deployment gets", decide_pod},
    {"read live when objects may exist that no cache shows", find_unseen_objects},
    {"record in the status what must survive a crash", record_first},
    {"create, update, heal and delete the children", maintain_children},
    {"delete what was created before a name conflict was noticed", undo_creation},
    {"delete orphaned children", delete_orphans},
    {"read live before a namespace leaves the status", confirm_empty_namespaces},
    {"do not repeat deletes that failed", drop_failed_deletes},
    {"read live before a delete or a change of the node port", read_before_risky_actions},
    {"retry what failed and what is contested", retry_failures},
    {"find out why a StatefulSet has no pod", find_pod_refusal},
    {"check which images can be pushed", check_pushes},
    {"report the status", report_status},
};

struct RoleOf {
  ObjectRole operator()(const ReadLive&) const { return ObjectRole::kLocalRegistry; }
  ObjectRole operator()(const ReadPodRefusal&) const { return ObjectRole::kStatefulSet; }
  ObjectRole operator()(const SetFinalizer&) const { return ObjectRole::kLocalRegistry; }
  ObjectRole operator()(const CheckPush&) const { return ObjectRole::kLocalRegistry; }
  ObjectRole operator()(const ResetStrategy&) const { return ObjectRole::kDeployment; }
  ObjectRole operator()(const ResetPorts&) const { return ObjectRole::kService; }
  // This overload is for Apply, Delete and RecordContestedFields.
  ObjectRole operator()(const auto& action) const { return action.role; }
};

}  // namespace

ObjectRole role_of(const Action& action) { return std::visit(RoleOf{}, action); }

Plan plan(const Observed& observed) {
  Draft draft{observed};
  for (const Step& step : kSteps) {
    if (step.run(draft) == Next::kEnd) break;
  }
  return std::move(draft.plan);
}

}  // namespace reconcile
