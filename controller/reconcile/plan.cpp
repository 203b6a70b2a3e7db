#include "reconcile/plan.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "reconcile/acceptance.h"
#include "reconcile/children.h"
#include "reconcile/contest.h"
#include "reconcile/decision.h"
#include "reconcile/images.h"
#include "reconcile/names.h"
#include "reconcile/node_port.h"
#include "reconcile/places.h"
#include "reconcile/pods.h"
#include "reconcile/publishing.h"
#include "reconcile/reasons.h"
#include "reconcile/rivalry.h"
#include "reconcile/status.h"
#include "reconcile/template_hold.h"

namespace reconcile {
namespace {

template <class Duration>
void requeue_no_later_than(Duration delay, Plan& plan) {
  const auto after =
      std::chrono::ceil<std::chrono::milliseconds>(std::max(delay, Duration::zero()));
  if (!plan.requeue_after || after < *plan.requeue_after) plan.requeue_after = after;
}

template <class T>
using Snapshot = std::shared_ptr<const T>;

// Plans a live read. If one has failed in this reconcile, only the next reconcile retries it.
void require_live_read(const Observed& observed, Plan& plan) {
  if (!find_failure(observed, ObjectKind::kLocalRegistry)) plan.actions.emplace_back(ReadLive{});
}

Delete delete_of(ObjectKind kind, const api::ObjectMeta& meta) {
  return {kind, api::key_of(meta), meta.uid, "", false};
}

template <class T>
bool is_child(const Observed& observed, const Snapshot<T>& object) {
  return object && belongs_to(object->metadata, *observed.registry);
}

template <class T>
void delete_child(const Observed& observed, const Snapshot<T>& object, Plan& plan) {
  if (is_child(observed, object) && !is_terminating(object->metadata)) {
    plan.actions.emplace_back(delete_of(kind_for<T>(), object->metadata));
  }
}

// True when the difference comes from the spec, so that it is an update and no drift. The intent
// hash does not cover size and storage class of a PVC.
bool is_change_of_spec(const Observed&, const api::PersistentVolumeClaim&, std::string_view field) {
  return field.starts_with("spec.resources") || field == "spec.storageClassName";
}

// True when the Service has the node port that the status records. Then no client moved the port,
// and the changed port comes from the spec.
bool is_change_of_spec(const Observed& observed, const api::Service& existing,
                       std::string_view field) {
  return field.ends_with(".nodePort") &&
         node_port_of(existing) == observed.registry->status.node_port;
}

template <class T>
bool is_change_of_spec(const Observed&, const T&, std::string_view) {
  return false;
}

template <class T>
Cause cause_of(const Observed& observed, const T& wanted, const T& existing,
               std::string_view field) {
  const std::string before = intent_hash(existing);
  const bool changed = !before.empty() && before != intent_hash(wanted);
  return changed || is_change_of_spec(observed, existing, field) ? Cause::kUpdate : Cause::kHeal;
}

// True when the API server refuses an intent that it accepted before. Then another client's edit of
// the object conflicts with the intent, and only recreating the object helps.
template <class T>
bool must_be_recreated_after_refusal(const T& wanted, const T& existing,
                                     const FailedRequest& failure) {
  return failure.error.code == base::ErrorCode::kInvalid &&
         intent_hash(wanted) == intent_hash(existing);
}

// Whether the requested node port is worth a few retries, because another Service may be about to
// release it. True if this generation of the spec was not reconciled before. Later, true only for
// the port that the Service had last, unless that port was refused before.
bool may_be_released_soon(const Observed& observed, const api::Service& wanted) {
  const api::LocalRegistry& registry = *observed.registry;
  if (registry.status.observed_generation != registry.metadata.generation) return true;
  const api::Condition* ready = api::find_condition(registry.status.conditions, condition::kReady);
  const auto& refusals = reason::kPortRefusals;
  const bool was_refused = ready != nullptr && std::find(refusals.begin(), refusals.end(),
                                                         ready->reason) != refusals.end();
  return !was_refused && node_port_of(wanted) == remembered_node_port(registry.status);
}

template <class T>
bool may_be_released_soon(const Observed&, const T&) {
  return false;
}

// Returns the observed resourceVersion of a Service, so that an update computed from a stale cache
// gets a 409 instead of moving the node port.
std::string version_to_write(const api::Service& existing) {
  return existing.metadata.resource_version;
}

template <class T>
std::string version_to_write(const T&) {
  return {};
}

// Leaves the object unchanged, and adds its contest (fields that another client keeps changing) to
// the plan, so that the status reports it.
void leave_contested(const Observed& observed, ObjectKind kind, Plan& plan) {
  if (const FieldContest* contest = observed.history.find(kind)) plan.contested.push_back(*contest);
}

// Ends the contest over an object without drift, unless its last heal was too recent.
void end_contest(const Observed& observed, ObjectKind kind, Plan& plan) {
  const FieldContest* contest = observed.history.find(kind);
  if (contest == nullptr) return;
  if (is_in_heal_window(*contest, observed.instant)) return leave_contested(observed, kind, plan);
  plan.ended_contests.push_back(kind);
}

template <class T>
void create(const Observed& observed, T wanted, Plan& plan) {
  const ObjectKind kind = kind_for<T>();
  if (find_failure(observed, kind) != nullptr) return leave_contested(observed, kind, plan);
  // A create needs a live read in two cases. An object with contested fields may exist although no
  // cache shows it, because a policy may have changed the label by which the cache selects it. If
  // the target is another namespace and the cached spec is stale, the child would be created in a
  // namespace that is no longer in status.otherNamespaces, and would never be found or deleted.
  const bool is_risky =
      observed.history.find(kind) != nullptr || is_in_other_namespace(*observed.registry);
  if (is_risky && !observed.live) return require_live_read(observed, plan);
  const bool waits = may_be_released_soon(observed, wanted);
  plan.actions.emplace_back(Apply<T>{std::move(wanted), "", {}, {}, waits, {}});
}

// Returns a delete that is recorded as a heal of these fields, because the object is recreated.
Delete delete_to_heal(Delete remove, std::size_t intent, std::vector<std::string> fields) {
  remove.intent = intent;
  remove.healed = std::move(fields);
  return remove;
}

// Whether a contested object may be recreated after a retry of its apply was refused. Only a
// Service that had to be healed too often is recreated: a recreated workload would lose its images,
// and an admission policy would change the recreated object in the same way.
bool may_recreate_contested(const Observed& observed, const Drift& drift) {
  const FieldContest* contest = observed.history.find(drift.kind);
  return drift.kind == ObjectKind::kService && contest != nullptr &&
         std::none_of(contest->fields.begin(), contest->fields.end(),
                      [](const ContestedField& field) { return field.by_answer; });
}

// Recreates the object after the API server refused an apply, if only that helps. A PVC is never
// recreated, because its images would be lost. Neither is a workload that another client keeps
// changing.
template <class T>
void recreate_after_refusal(const Observed& observed, const Drift& drift, const T& wanted,
                            const T& existing, const FailedRequest& failure, Plan& plan) {
  if (drift.kind == ObjectKind::kPvc || !must_be_recreated_after_refusal(wanted, existing, failure))
    return;
  if (is_contested(observed, drift) && !may_recreate_contested(observed, drift)) {
    return leave_contested(observed, drift.kind, plan);
  }
  plan.actions.emplace_back(
      delete_to_heal(delete_of(drift.kind, existing.metadata), drift.intent, drift.fields));
}

// Returns the merge patch that has to precede an apply. An apply keeps the parameters of a
// RollingUpdate, and the API server refuses them with Recreate.
std::optional<Action> reset_before_apply(const Observed&, const api::Deployment&,
                                         const api::Deployment& existing, const Drift& drift) {
  if (existing.spec.strategy.rolling_update.text.empty()) return std::nullopt;
  return ResetStrategy{build_strategy_patch(existing.metadata), drift.intent};
}

// Returns the merge patch that has to precede an apply. An apply keeps a port that another client
// added, and the API server refuses that port beside the wanted one. If the API server did not
// accept this intent before, the port may be one that the operator applied for an earlier intent;
// an apply removes such a port.
std::optional<Action> reset_before_apply(const Observed& observed, const api::Service& wanted,
                                         const api::Service& existing, const Drift& drift) {
  const bool is_foreign = drift.was_applied || is_contested(observed, drift, kPortsField);
  if (!is_foreign || !has_conflicting_port(wanted, existing)) return std::nullopt;
  return ResetPorts{build_ports_patch(existing.metadata, wanted), drift.intent};
}

template <class T>
std::optional<Action> reset_before_apply(const Observed&, const T&, const T&, const Drift&) {
  return std::nullopt;
}

// Returns the decision to change the object for this drift. Returns nullopt when it must not be
// changed now: then the contested fields are recorded, or the object is left unchanged.
std::optional<DriftDecision> decide_to_write(const Observed& observed, const Drift& drift,
                                             Plan& plan) {
  DriftDecision decision = decide_drift(observed, drift);
  if (decision.apply && !decision.record) return decision;
  if (decision.record) {
    plan.actions.emplace_back(*std::move(decision.record));
  } else {
    leave_contested(observed, drift.kind, plan);
  }
  return std::nullopt;
}

template <class T>
void heal(const Observed& observed, T wanted, const T& existing, const Drift& drift, Plan& plan) {
  const auto decision = decide_to_write(observed, drift, plan);
  if (!decision) return;
  if (auto reset = reset_before_apply(observed, wanted, existing, drift)) {
    return plan.actions.emplace_back(*std::move(reset)), void();
  }
  Cause cause = Cause::kUpdate;
  if (!decision->healed.empty()) cause = cause_of(observed, wanted, existing, decision->healed);
  const bool waits = may_be_released_soon(observed, wanted);
  plan.actions.emplace_back(Apply<T>{std::move(wanted), existing.metadata.uid, cause,
                                     cause == Cause::kHeal ? decision->healed : std::string(),
                                     waits, version_to_write(existing)});
}

// Deletes an object to recreate it, because the field is immutable. If it was recreated too often,
// the field is recorded as contested instead.
void recreate(const Observed& observed, const Drift& drift, Delete remove, std::string_view field,
              Plan& plan) {
  if (!decide_to_write(observed, drift, plan)) return;
  plan.actions.emplace_back(delete_to_heal(std::move(remove), drift.intent, {std::string(field)}));
}

template <class T>
void create_or_heal(const Observed& observed, T wanted, const Snapshot<T>& existing, Plan& plan) {
  if (!existing) return create(observed, std::move(wanted), plan);
  const ObjectKind kind = kind_for<T>();
  if (is_terminating(existing->metadata)) {  // its removal triggers a reconcile
    plan.waits_for = fmt::format("{} {} is being deleted", kind_name(kind),
                                 api::to_string(api::key_of(existing->metadata)));
    return;
  }
  const Drift drift = drift_of(wanted, *existing);
  if (drift.fields.empty()) return end_contest(observed, kind, plan);
  if (const FailedRequest* failure = find_failure(observed, kind)) {
    return recreate_after_refusal(observed, drift, wanted, *existing, *failure, plan);
  }
  heal(observed, std::move(wanted), *existing, drift, plan);
}

// A selector is immutable, so a workload with another selector is recreated. If another client sets
// that selector on each new workload, it is contested and left unchanged.
template <class T>
void ensure_workload(const Observed& observed, T wanted, const Snapshot<T>& existing, Plan& plan) {
  if (existing && existing->spec.selector != wanted.spec.selector) {
    const Drift drift = drift_of(wanted, *existing);
    if (!is_contested(observed, drift, kSelectorField)) {
      if (!is_child(observed, existing) || is_terminating(existing->metadata)) return;
      const Delete remove = delete_of(kind_for<T>(), existing->metadata);
      return recreate(observed, drift, remove, kSelectorField, plan);
    }
  }
  create_or_heal(observed, std::move(wanted), existing, plan);
}

// The pod management policy is immutable too. The StatefulSet is recreated, and the new one adopts
// the pod, unless another client sets that policy on each new StatefulSet.
bool must_be_recreated(const Observed& observed, const api::StatefulSet& existing,
                       const api::StatefulSet& wanted) {
  return existing.spec.pod_management_policy != wanted.spec.pod_management_policy &&
         existing.spec.selector == wanted.spec.selector && !is_terminating(existing.metadata) &&
         !is_contested(observed, drift_of(wanted, existing), kPodManagementField);
}

void ensure_deployment(const Observed& observed, const api::Deployment& wanted, Plan& plan) {
  ensure_workload(observed, wanted, observed.deployment, plan);
}

void ensure_pvc(const Observed& observed, Plan& plan) {
  if (!observed.registry->spec.persistence.enabled) return;
  // The cache may be stale, and the LocalRegistry already gone. Then nothing would remove a PVC
  // that is created now, because PVCs have no owner reference. This matters if whenDeleted is
  // Delete, or if the target is another namespace.
  const bool would_be_left =
      is_in_other_namespace(*observed.registry) ||
      observed.registry->spec.persistence.when_deleted == api::RetentionPolicy::kDelete;
  if (!observed.pvc && would_be_left && !observed.live) return require_live_read(observed, plan);
  create_or_heal(observed, build_pvc(*observed.registry, observed.pvc.get()), observed.pvc, plan);
}

void ensure_stateful_set(const Observed& observed, Plan& plan) {
  // A terminating PVC stays until its pod is gone, so the StatefulSet has to be deleted before a
  // new PVC can be created.
  if (observed.pvc && is_terminating(observed.pvc->metadata)) {
    return delete_child(observed, observed.stateful_set, plan);
  }
  // No pod may mount the PVC before the plan has seen it: a PVC that no cache shows may belong to
  // another owner.
  if (!observed.pvc) return;
  const auto& existing = observed.stateful_set;
  api::StatefulSet wanted =
      build_stateful_set(*observed.registry, gets_buildkit(observed), buildkit_refusal(observed));
  if (existing && must_be_recreated(observed, *existing, wanted)) {
    Delete remove = delete_of(ObjectKind::kStatefulSet, existing->metadata);
    remove.keeps_pods = true;
    return recreate(observed, drift_of(wanted, *existing), std::move(remove), kPodManagementField,
                    plan);
  }
  ensure_workload(observed, std::move(wanted), existing, plan);
}

// Plans the deletion of a workload that is not wanted any more. True if it still runs. Then the
// other workload must wait: behind one Service, each of two workloads would have a part of the
// images.
template <class T>
bool remove_other_workload(const Observed& observed, const std::shared_ptr<const T>& workload,
                           Plan& plan) {
  const bool is_running = is_child(observed, workload) && !is_terminating(workload->metadata);
  delete_child(observed, workload, plan);
  return is_running;
}

// Deletes the workload of the other kind, and creates or heals the wanted one after that.
// `deployment`: null with persistence.
void ensure_one_workload(const Observed& observed, const DeploymentIntent* deployment, Plan& plan) {
  if (has_unseen_workload_to_delete(observed)) return require_live_read(observed, plan);
  if (deployment == nullptr) {
    if (remove_other_workload(observed, observed.deployment, plan)) return;
    ensure_stateful_set(observed, plan);
  } else {
    if (remove_other_workload(observed, observed.stateful_set, plan)) return;
    ensure_deployment(observed, deployment->object, plan);
  }
}

// True when the API server refused the Service as invalid, once in this reconcile, and the Service
// has a port that conflicts with the wanted one. That port may be the cause.
bool is_refused_for_its_ports(const Observed& observed, const api::Service& wanted) {
  if (!observed.service || is_terminating(observed.service->metadata)) return false;
  const auto refusals = std::count_if(
      observed.failures.begin(), observed.failures.end(), [](const FailedRequest& failure) {
        return failure.kind == ObjectKind::kService &&
               failure.error.code == base::ErrorCode::kInvalid && failure.node_port == 0;
      });
  return refusals == 1 && has_conflicting_port(wanted, *observed.service);
}

void ensure_service(const Observed& observed, Plan& plan) {
  const NodePortChoice choice = choose_node_port(observed);
  if (!choice.possible) return;
  const Publishing publishing = decide_publishing(observed);
  if (publishing.recheck_after) requeue_no_later_than(*publishing.recheck_after, plan);
  const api::Service wanted = build_service(*observed.registry, choice.port, publishing.not_ready);
  if (is_refused_for_its_ports(observed, wanted)) {
    plan.actions.emplace_back(
        ResetPorts{build_ports_patch(observed.service->metadata, wanted), digest_of(wanted)});
  } else {
    create_or_heal(observed, wanted, observed.service, plan);
  }
}

// Whether this LocalRegistry owns the PVC and its whenDeleted is Delete. A PVC that an earlier
// LocalRegistry retained stays until this one has taken it over.
bool may_delete(const Observed& observed, const api::ObjectMeta& pvc) {
  return observed.registry->spec.persistence.when_deleted == api::RetentionPolicy::kDelete &&
         is_owned(pvc, *observed.registry);
}

// Deletes the PVC if spec.persistence.whenDeleted is Delete, but only after a live read and with
// the resourceVersion that was read.
void remove_pvc(const Observed& observed, const api::ObjectMeta& pvc, Plan& plan) {
  if (is_terminating(pvc) || !may_delete(observed, pvc)) return;
  if (!observed.live) return require_live_read(observed, plan);
  plan.actions.emplace_back(
      Delete{ObjectKind::kPvc, api::key_of(pvc), pvc.uid, pvc.resource_version, false});
}

// Deletes children under an earlier name or in an earlier namespace.
void remove_misplaced_children(const Observed& observed, Plan& plan) {
  for (const MisplacedChild& child : observed.misplaced_children) {
    if (child.kind == ObjectKind::kPvc) {
      remove_pvc(observed, child.metadata, plan);
    } else if (!is_terminating(child.metadata)) {
      plan.actions.emplace_back(delete_of(child.kind, child.metadata));
    }
  }
}

bool has_misplaced_service(const Observed& observed) {
  return std::any_of(observed.misplaced_children.begin(), observed.misplaced_children.end(),
                     [](const MisplacedChild& child) {
                       return child.kind == ObjectKind::kService && !is_terminating(child.metadata);
                     });
}

void remove_unwanted_pvc(const Observed& observed, Plan& plan) {
  if (observed.registry->spec.persistence.enabled || !observed.pvc) return;
  remove_pvc(observed, observed.pvc->metadata, plan);
}

void remove_registry(const Observed& observed, Plan& plan) {
  if (has_unseen_workload_to_delete(observed) || has_unseen_service(observed)) {
    return require_live_read(observed, plan);
  }
  delete_child(observed, observed.deployment, plan);
  delete_child(observed, observed.stateful_set, plan);
  delete_child(observed, observed.service, plan);
}

// Whether the LocalRegistry needs the finalizer. Garbage collection removes only children with an
// owner reference; PVCs and children in another namespace have none.
bool needs_finalizer(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  const std::string& own = registry.metadata.namespace_name;
  if (!observed.unwatched_namespaces.empty()) return true;
  for (const MisplacedChild& child : observed.misplaced_children) {
    const bool is_pvc = child.kind == ObjectKind::kPvc;
    if (is_pvc && may_delete(observed, child.metadata)) return true;
    if (!is_pvc && child.metadata.namespace_name != own) return true;
  }
  if (observed.pvc && may_delete(observed, observed.pvc->metadata)) return true;
  const api::PersistenceSpec& persistence = registry.spec.persistence;
  if (persistence.enabled && persistence.when_deleted == api::RetentionPolicy::kDelete) return true;
  return api::target_namespace(registry) != own &&
         (is_deployed(observed) || is_child(observed, observed.deployment) ||
          is_child(observed, observed.stateful_set) || is_child(observed, observed.service));
}

void drop_live_duplicates(Plan& plan) {
  bool reads = false;
  std::erase_if(plan.actions, [&](const Action& action) {
    const bool is_read = std::holds_alternative<ReadLive>(action);
    const bool again = is_read && reads;
    reads = reads || is_read;
    return again;
  });
}

// Plans the change at most once in a reconcile, and not while another client keeps reverting it.
void set_finalizer(const Observed& observed, bool present, Plan& plan) {
  if (find_failure(observed, ObjectKind::kLocalRegistry)) return;
  const FieldContest* contest = observed.history.find(ObjectKind::kLocalRegistry);
  const bool same = contest != nullptr && contest->intent == std::size_t(present);
  if (same && observed.instant < contest->retry) {
    return leave_contested(observed, ObjectKind::kLocalRegistry, plan);
  }
  plan.actions.emplace_back(SetFinalizer{present});
}

void plan_running(const Observed& observed, const DeploymentIntent* deployment, Plan& plan) {
  const bool has = has_finalizer(observed.registry->metadata);
  const bool needs = needs_finalizer(observed);
  if (needs && !has) {  // before the first object that needs it is created
    return set_finalizer(observed, true, plan);
  }
  // The Service under an earlier name has to release its node port before a new Service requests
  // it.
  if (has_misplaced_service(observed)) return remove_misplaced_children(observed, plan);
  if (is_deployed(observed)) {
    ensure_pvc(observed, plan);
    ensure_one_workload(observed, deployment, plan);
    ensure_service(observed, plan);
  } else {
    remove_registry(observed, plan);
  }
  remove_unwanted_pvc(observed, plan);
  remove_misplaced_children(observed, plan);
  if (has && !needs && plan.actions.empty()) {
    if (!observed.live)
      return require_live_read(observed, plan);  // a cache may not show a child yet
    set_finalizer(observed, false, plan);
  } else if (has == needs) {
    end_contest(observed, ObjectKind::kLocalRegistry, plan);
  }
}

// Deletes children that were created before the name conflict was noticed, unless the status has
// recorded a node port: then clients may use them.
void undo_partial_creation(const Observed& observed, Plan& plan) {
  if (remembered_node_port(observed.registry->status) != 0) return;
  const auto remove = [&](const auto& object) {
    if (object && is_owned(object->metadata, *observed.registry)) {
      delete_child(observed, object, plan);
    }
  };
  remove(observed.deployment);
  remove(observed.stateful_set);
  remove(observed.service);
}

void retry_contested(const Observed& observed, Plan& plan) {
  const auto next = next_try(plan.contested, observed.instant);
  if (next) requeue_no_later_than(*next - observed.instant, plan);
}

// Reports a failed live read or delete in the status. The rest of the status stays unchanged,
// because nothing newer is known.
void report_failure(const Observed& observed, Plan& plan) {
  api::LocalRegistryStatus status =
      status_after_failure(observed, compute_converged(observed, std::nullopt, plan));
  if (!is_equivalent(status, observed.registry->status)) plan.status = std::move(status);
}

// Deletes orphaned children, which garbage collection does not reach. Orphaned PVCs stay, because
// their retention policy is no longer known.
void remove_orphans(const Observed& observed, Plan& plan) {
  for (const MisplacedChild& orphan : observed.orphans) {
    if (orphan.kind == ObjectKind::kPvc || is_terminating(orphan.metadata)) continue;
    if (!observed.live) return require_live_read(observed, plan);
    if (find_failure(observed, orphan.kind)) continue;
    Delete action = delete_of(orphan.kind, orphan.metadata);
    action.is_orphan = true;
    plan.actions.emplace_back(std::move(action));
  }
}

// Keeps the finalizer and reports why: children may be in namespaces that the operator does not
// watch.
void block_deletion(const Observed& observed, Plan& plan) {
  api::LocalRegistryStatus status = status_with_blocked_cleanup(observed);
  if (!is_equivalent(status, observed.registry->status)) plan.status = std::move(status);
}

// Plans for a LocalRegistry that is being deleted. Everything is read live first, because a cache
// may not show a child yet that this or an earlier process created without seeing the response.
void plan_deletion(const Observed& observed, Plan& plan) {
  if (!has_finalizer(observed.registry->metadata)) return;
  if (!observed.failures.empty()) plan.requeue_after = limits::kRefusedRetry;
  if (!observed.live) return require_live_read(observed, plan);
  if (is_in_other_namespace(*observed.registry)) remove_registry(observed, plan);
  if (observed.pvc) remove_pvc(observed, observed.pvc->metadata, plan);
  remove_misplaced_children(observed, plan);
  // A delete that failed is planned again by the next reconcile, and keeps the finalizer.
  std::erase_if(plan.actions, [&](const Action& action) {
    return find_failure(observed, kind_of(action)) != nullptr;
  });
  if (plan.actions.empty() && observed.failures.empty()) {
    if (observed.unwatched_namespaces.empty()) {
      set_finalizer(observed, false, plan);
    } else {
      block_deletion(observed, plan);
    }
  }
  retry_contested(observed, plan);
  if (!observed.failures.empty()) report_failure(observed, plan);
}

// Deletes children of a LocalRegistry that is gone, if they have no owner reference: they are in
// another namespace, or another client removed the reference. PVCs stay, because their retention
// policy is no longer known.
void plan_orphans(const Observed& observed, Plan& plan) {
  if (!observed.owner_watched) return;  // the LocalRegistry may still exist
  if (!observed.failures.empty()) plan.requeue_after = limits::kRefusedRetry;
  for (const MisplacedChild& child : observed.misplaced_children) {
    if (child.kind == ObjectKind::kPvc || is_terminating(child.metadata)) continue;
    if (!child.metadata.owner_references.empty()) continue;  // garbage collection deletes it
    if (!observed.live) return require_live_read(observed, plan);
    if (!find_failure(observed, child.kind)) {
      plan.actions.emplace_back(delete_of(child.kind, child.metadata));
    }
  }
}

// Whether the action may change the node port of an existing Service. Clients may use that port, so
// the change needs a live read. A requested port of 0 counts as well: then the status records no
// port, but it may be stale.
bool moves_node_port(const Observed& observed, const Action& action) {
  const auto* apply = std::get_if<Apply<api::Service>>(&action);
  const auto* reset = std::get_if<ResetPorts>(&action);
  if ((apply == nullptr && reset == nullptr) || !observed.service) return false;
  const int port = node_port_of(*observed.service);
  const int wanted = node_port_of(apply == nullptr ? reset->patch : apply->object);
  return wanted == 0 || (port != 0 && wanted != port);
}

// Replaces the actions by a live read if one of them deletes an object or may change a node port.
// The caches may be stale.
void require_live_read_for_risky_actions(const Observed& observed, Plan& plan) {
  const bool is_risky =
      std::any_of(plan.actions.begin(), plan.actions.end(), [&](const Action& action) {
        return std::holds_alternative<Delete>(action) || moves_node_port(observed, action);
      });
  if (!is_risky || observed.live) return;
  plan.actions.clear();
  require_live_read(observed, plan);
}

// Drops deletes of objects for which an action failed in this reconcile. A refused apply (kInvalid)
// does not count, because the delete is the remedy for it.
void drop_failed_deletes(const Observed& observed, Plan& plan) {
  std::erase_if(plan.actions, [&](const Action& action) {
    const auto* remove = std::get_if<Delete>(&action);
    if (remove == nullptr) return false;
    const FailedRequest* failure = find_failure(observed, remove->kind);
    return failure != nullptr && failure->error.code != base::ErrorCode::kInvalid;
  });
}

// True when the plan would take over children of an earlier LocalRegistry of the same name. That
// needs a live read: if this LocalRegistry comes from a stale cache, it may itself be the earlier
// one, and the children belong to its successor.
bool takes_over(const Observed& observed) {
  const auto inherited = [&](const auto& object) {
    return object && !is_owned(object->metadata, *observed.registry) &&
           belongs_to(object->metadata, *observed.registry);
  };
  const bool takes_pvc = observed.registry->spec.persistence.enabled && pvc_is_usable(observed) &&
                         !is_owned(observed.pvc->metadata, *observed.registry);
  const bool misplaced = std::any_of(
      observed.misplaced_children.begin(), observed.misplaced_children.end(),
      [&](const MisplacedChild& object) {
        return object.kind != ObjectKind::kPvc && !is_owned(object.metadata, *observed.registry);
      });
  return takes_pvc || misplaced || inherited(observed.deployment) ||
         inherited(observed.stateful_set) || inherited(observed.service);
}

bool had_name_conflict(const api::LocalRegistry& registry) {
  const api::Condition* accepted =
      api::find_condition(registry.status.conditions, condition::kAccepted);
  return accepted != nullptr && accepted->reason == reason::kNameConflict;
}

// True when children of an earlier generation of the spec may exist that nothing records. The
// previous leader may have crashed after it created children and before it recorded them in status.
// If their labels were removed since, no cache shows them.
bool may_have_unrecorded_children(const Observed& observed) {
  const std::int64_t generation = observed.registry->metadata.generation;
  return generation > 1 && observed.registry->status.observed_generation != generation;
}

// Whether the status records all that must be recorded before the first write to another object.
// After a crash, only the status shows which other namespaces have children. Another reason: adding
// the finalizer changes the resourceVersion, and the original resourceVersion decides which of two
// twins is older.
bool has_required_records(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  if (is_deployed(observed) && !target_is_recorded(observed)) return false;
  const bool adds_finalizer = needs_finalizer(observed) && !has_finalizer(registry.metadata);
  return (!observed.has_twin && !adds_finalizer) ||
         !registry.status.first_resource_version.empty() ||
         first_resource_version(registry).empty();
}

void check_pushes(const Observed& observed, Plan& plan) {
  std::vector<std::string> images = images_to_check(observed);
  if (!images.empty()) plan.actions.emplace_back(CheckPush{std::move(images)});
  const auto next = next_push_check(observed);
  if (next) requeue_no_later_than(*next - observed.now, plan);
}

// Plans a read of the reason why a StatefulSet has no pod. The status of the StatefulSet does not
// contain the reason, and no watch event reports it.
void find_pod_refusal(const Observed& observed, Plan& plan) {
  const Workload workload = find_workload(observed);
  if (!lacks_pod(observed, workload)) return;
  if (!observed.pod_refusal) {
    plan.actions.emplace_back(
        ReadPodRefusal{api::key_of(*workload.metadata), workload.metadata->uid});
  } else if (!observed.pod_refusal->is_known) {
    requeue_no_later_than(limits::kPodRefusalRetry, plan);
  } else {
    const auto age = observed.now - observed.pod_refusal->changed;
    requeue_no_later_than(std::clamp<base::Time::duration>(age / 4, limits::kPodRefusalFirst,
                                                           limits::kPodRefusalLast),
                          plan);
  }
}

void report_status(const Observed& observed, const std::optional<Refusal>& refusal,
                   const DeploymentIntent* deployment, Plan& plan) {
  const std::string kept = deployment == nullptr ? "" : deployment->outdated_field;
  api::LocalRegistryStatus status =
      compute_status(observed, refusal, compute_converged(observed, refusal, plan), kept);
  if (!is_equivalent(status, observed.registry->status)) plan.status = std::move(status);
}

// Reports why a LocalRegistry that the cache holds only in part is not reconciled. Without its
// cached status (kNoRoom) only an event reports it, because an apply of these conditions alone
// would remove the other status fields.
void report_missing_part(const Observed& observed, const Refusal& missing, Plan& plan) {
  if (observed.registry->metadata.kept == json::Kept::kNoRoom) return;
  api::LocalRegistryStatus status = compute_status_of_partial_object(observed, missing);
  if (!is_equivalent(status, observed.registry->status)) plan.status = std::move(status);
}

}  // namespace

ObjectKind kind_of(const Action& action) {
  struct Visitor {
    ObjectKind operator()(const ReadLive&) const { return ObjectKind::kLocalRegistry; }
    ObjectKind operator()(const ReadPodRefusal&) const { return ObjectKind::kStatefulSet; }
    ObjectKind operator()(const SetFinalizer&) const { return ObjectKind::kLocalRegistry; }
    ObjectKind operator()(const CheckPush&) const { return ObjectKind::kLocalRegistry; }
    ObjectKind operator()(const RecordContestedFields& record) const { return record.kind; }
    ObjectKind operator()(const Apply<api::PersistentVolumeClaim>&) const {
      return ObjectKind::kPvc;
    }
    ObjectKind operator()(const Apply<api::Deployment>&) const { return ObjectKind::kDeployment; }
    ObjectKind operator()(const Apply<api::StatefulSet>&) const { return ObjectKind::kStatefulSet; }
    ObjectKind operator()(const Apply<api::Service>&) const { return ObjectKind::kService; }
    ObjectKind operator()(const ResetStrategy&) const { return ObjectKind::kDeployment; }
    ObjectKind operator()(const ResetPorts&) const { return ObjectKind::kService; }
    ObjectKind operator()(const Delete& remove) const { return remove.kind; }
  };
  return std::visit(Visitor{}, action);
}

Plan plan(const Observed& observed) {
  Plan plan;
  if (!observed.registry) {
    plan_orphans(observed, plan);
    return plan;
  }
  const auto missing = find_missing_part(*observed.registry);
  // If metadata is missing, even the operator's own finalizer cannot be removed: the write would
  // drop the finalizers that are not known.
  const bool is_unknown = observed.registry->metadata.kept == json::Kept::kIdentity;
  if (missing && (is_unknown || !is_terminating(observed.registry->metadata))) {
    report_missing_part(observed, *missing, plan);
    return plan;
  }
  if (is_terminating(observed.registry->metadata)) {
    plan_deletion(observed, plan);
    return plan;
  }
  const auto refusal = find_refusal(observed);
  const bool suspended = observed.registry->spec.suspend;
  std::optional<DeploymentIntent> intent;
  if (!observed.registry->spec.persistence.enabled && is_deployed(observed)) {
    intent = intended_deployment(observed);
  }
  const DeploymentIntent* deployment = intent ? &*intent : nullptr;
  // A foreign object with the target name, or an unrecorded child, may be in no cache. Only a live
  // read shows them.
  const bool needs_live_read =
      !suspended && !observed.live &&
      (had_name_conflict(*observed.registry) || may_have_unrecorded_children(observed));
  // Only the status records these objects, and the plan for a suspended or refused LocalRegistry
  // does not read them otherwise.
  if ((suspended || refusal) && (has_unseen_workload(observed) || has_unseen_service(observed))) {
    require_live_read(observed, plan);
  }
  if (!suspended) {
    if (needs_live_read) {
      require_live_read(observed, plan);
    } else if (!observed.orphans.empty() && !observed.live) {
      require_live_read(observed, plan);
    } else if (!refusal && takes_over(observed) && !observed.live) {
      require_live_read(observed, plan);
    } else if (!refusal && !has_required_records(observed)) {
      plan.status = status_with_required_records(observed);
      plan.requeue_after = limits::kRefusedRetry;  // a fallback: the watch event comes first
      return plan;
    } else if (!refusal) {
      plan_running(observed, deployment, plan);
    } else if (refusal->reason == reason::kNameConflict) {
      undo_partial_creation(observed, plan);
      plan.requeue_after = limits::kConflictCheck;  // foreign objects are not watched
    }
  }
  if (!suspended) remove_orphans(observed, plan);
  const bool creates = !refusal && !suspended && is_deployed(observed);
  if (!observed.live && may_drop_namespace(observed, creates)) require_live_read(observed, plan);
  drop_failed_deletes(observed, plan);
  require_live_read_for_risky_actions(observed, plan);
  drop_live_duplicates(plan);
  if (!observed.failures.empty()) plan.requeue_after = limits::kRefusedRetry;
  retry_contested(observed, plan);
  find_pod_refusal(observed, plan);
  if (!suspended) check_pushes(observed, plan);
  if (refusal || !needs_live_read) {
    report_status(observed, refusal, deployment, plan);
  } else if (find_failure(observed, ObjectKind::kLocalRegistry)) {
    report_failure(observed, plan);
  }
  return plan;
}

}  // namespace reconcile
