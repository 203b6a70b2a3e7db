#include "reconcile/steps/ensure.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text/text.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/checks/decision.h"
#include "reconcile/children/children.h"
#include "reconcile/children/node_port.h"
#include "reconcile/children/publishing.h"
#include "reconcile/contest/contest.h"
#include "reconcile/status/reasons.h"

namespace reconcile {
namespace {

// Returns whether the difference comes from the spec, so that the apply is an update and no heal.
// The intent hash of a PVC does not show this, because it does not cover the size and the storage
// class.
bool is_change_of_spec(const Observed&, const api::PersistentVolumeClaim&, std::string_view field) {
  return field.starts_with("spec.resources") || field == "spec.storageClassName";
}

// Returns whether the node port differs from the intent, but is the one that the status records.
// Then no client moved the port, and the change comes from the spec.
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

// Returns whether the API server refuses an intent that it accepted before. Then another client's
// edit of the object conflicts with the intent, and only recreating the object helps.
template <class T>
bool must_be_recreated_after_refusal(const T& wanted, const T& existing,
                                     const FailedRequest& failure) {
  return failure.error.code == base::ErrorCode::kInvalid &&
         intent_hash(wanted) == intent_hash(existing);
}

// Returns whether the requested node port is worth a few retries, because another Service may be
// about to release it. True if this generation of the spec was not reconciled before. Later, true
// only for the port that the Service had last, unless that port was refused before.
bool may_be_released_soon(const Observed& observed, const api::Service& wanted) {
  const api::LocalRegistry& registry = *observed.registry;
  if (registry.status.observed_generation != registry.metadata.generation) return true;
  const bool was_refused = base::is_one_of(
      api::reason_of(registry.status.conditions, condition::kReady), reason::kPortRefusals);
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

template <ObjectRole role, class T>
void create(const Observed& observed, T wanted, Plan& plan) {
  if (find_failure(observed, role) != nullptr) return leave_contested(observed, role, plan);
  // A create needs a live read in two cases. First, an object with contested fields may exist
  // although no cache shows it, because a policy may have changed the label by which the cache
  // selects it. Second, if the target is another namespace and the cached spec is stale, the child
  // would be created in a namespace that is no longer in status.otherNamespaces, and would never be
  // found or deleted.
  const bool is_risky =
      observed.history.find(role) != nullptr || is_in_other_namespace(*observed.registry);
  if (is_risky && !observed.live) return require_live_read(observed, plan);
  const bool waits = may_be_released_soon(observed, wanted);
  plan.actions.emplace_back(Apply<T>{std::move(wanted), "", {}, {}, waits, {}, role});
}

// Returns a delete that is recorded as a heal of these fields, because the object is recreated.
Delete delete_to_heal(Delete remove, std::size_t intent, std::vector<std::string> fields) {
  remove.intent = intent;
  remove.healed = std::move(fields);
  return remove;
}

// Returns whether a contested object may be recreated after a retry of its apply was refused. Only
// a Service that had to be healed too often is recreated: a recreated workload would lose its
// images, and an admission policy would change the recreated object in the same way.
bool may_recreate_contested(const Observed& observed, const Drift& drift) {
  const FieldContest* contest = observed.history.find(drift.role);
  return drift.role == ObjectRole::kService && contest != nullptr &&
         std::none_of(contest->fields.begin(), contest->fields.end(),
                      [](const ContestedField& field) { return field.by_answer; });
}

// Recreates the object after the API server refused an apply, if nothing else helps. A PVC is never
// recreated, because its images would be lost. Neither is a workload that another client keeps
// changing.
template <class T>
void recreate_after_refusal(const Observed& observed, const Drift& drift, const T& wanted,
                            const T& existing, const FailedRequest& failure, Plan& plan) {
  if (!policy_of(drift.role).may_be_recreated ||
      !must_be_recreated_after_refusal(wanted, existing, failure)) {
    return;
  }
  if (is_contested(observed, drift) && !may_recreate_contested(observed, drift)) {
    return leave_contested(observed, drift.role, plan);
  }
  plan.actions.emplace_back(
      delete_to_heal(delete_of(drift.role, existing.metadata), drift.intent, drift.fields));
}

// Returns whether an admission policy undid the reset of these fields, and the next try is not due.
// Then the apply is sent without a reset: the policy changes it as well, before the API server
// validates it. `part`: the path of the fields.
bool was_reset_in_vain(const Observed& observed, const Drift& drift, std::string_view part) {
  const FieldContest* contest = observed.history.find(drift.role);
  if (contest == nullptr || contest->intent != drift.intent) return false;
  return observed.instant < contest->retry &&
         std::any_of(contest->fields.begin(), contest->fields.end(),
                     [part](const ContestedField& field) {
                       return field.by_answer && field.path.starts_with(part);
                     });
}

// Returns the merge patch that has to precede an apply; nullopt if none is needed. An apply keeps
// the parameters of a RollingUpdate, and the API server refuses them with Recreate.
std::optional<Action> reset_before_apply(const Observed& observed, const api::Deployment&,
                                         const api::Deployment& existing, const Drift& drift) {
  if (existing.spec.strategy.rolling_update.text.empty()) return std::nullopt;
  if (was_reset_in_vain(observed, drift, kStrategyField)) return std::nullopt;
  return ResetStrategy{build_strategy_patch(existing.metadata), drift.intent};
}

// Returns the merge patch that has to precede an apply; nullopt if none is needed. An apply keeps a
// port that another client added, and the API server refuses that port beside the wanted one. If
// the API server did not accept this intent before, the port may be one that the operator applied
// for an earlier intent; an apply removes such a port.
std::optional<Action> reset_before_apply(const Observed& observed, const api::Service& wanted,
                                         const api::Service& existing, const Drift& drift) {
  const bool is_foreign = drift.was_applied || is_contested(observed, drift, kPortsField);
  if (!is_foreign || !has_conflicting_port(wanted, existing)) return std::nullopt;
  if (was_reset_in_vain(observed, drift, kPortsField)) return std::nullopt;
  return ResetPorts{build_ports_patch(existing.metadata, wanted), drift.intent};
}

template <class T>
std::optional<Action> reset_before_apply(const Observed&, const T&, const T&, const Drift&) {
  return std::nullopt;
}

// Returns the decision to change the object for this drift. Returns nullopt when it must not be
// changed now: then it records the contested fields, or leaves the object unchanged.
std::optional<DriftDecision> decide_to_write(const Observed& observed, const Drift& drift,
                                             Plan& plan) {
  DriftDecision decision = decide_drift(observed, drift);
  if (decision.apply && !decision.record) return decision;
  if (decision.record) {
    plan.actions.emplace_back(*std::move(decision.record));
  } else {
    leave_contested(observed, drift.role, plan);
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
                                     waits, version_to_write(existing), drift.role});
}

// Deletes an object to recreate it, because the field is immutable. If it was recreated too often,
// the field is recorded as contested instead.
void recreate(const Observed& observed, const Drift& drift, Delete remove, std::string_view field,
              Plan& plan) {
  if (!decide_to_write(observed, drift, plan)) return;
  plan.actions.emplace_back(delete_to_heal(std::move(remove), drift.intent, {std::string(field)}));
}

template <ObjectRole role, class T>
void create_or_heal(const Observed& observed, T wanted, Plan& plan) {
  const auto& existing = observed.slots.get<role>();
  if (!existing) return create<role>(observed, std::move(wanted), plan);
  if (is_terminating(existing->metadata)) {  // its removal triggers a reconcile
    plan.waits_for = fmt::format("{} {} is being deleted", kind_name(role),
                                 api::to_string(api::key_of(existing->metadata)));
    return;
  }
  const Drift drift = drift_of(wanted, *existing, role);
  if (drift.fields.empty()) return end_contest(observed, role, plan);
  if (const FailedRequest* failure = find_failure(observed, role)) {
    return recreate_after_refusal(observed, drift, wanted, *existing, *failure, plan);
  }
  heal(observed, std::move(wanted), *existing, drift, plan);
}

// A selector is immutable, so a workload with another selector is recreated. If another client sets
// that selector on each new workload, the selector is contested and the workload is left unchanged.
template <ObjectRole role, class T>
void ensure_with_selector(const Observed& observed, T wanted, Plan& plan) {
  const auto& existing = observed.slots.get<role>();
  if (existing && existing->spec.selector != wanted.spec.selector) {
    const Drift drift = drift_of(wanted, *existing, role);
    if (!is_contested(observed, drift, kSelectorField)) {
      if (!is_child(observed, existing) || is_terminating(existing->metadata)) return;
      const Delete remove = delete_of(role, existing->metadata);
      return recreate(observed, drift, remove, kSelectorField, plan);
    }
  }
  create_or_heal<role>(observed, std::move(wanted), plan);
}

// Returns whether the StatefulSet must be recreated because of its pod management policy, which is
// immutable. The new StatefulSet adopts the pod. False if another client sets that policy on each
// new StatefulSet.
bool must_be_recreated(const Observed& observed, const api::StatefulSet& existing,
                       const api::StatefulSet& wanted) {
  return existing.spec.pod_management_policy != wanted.spec.pod_management_policy &&
         existing.spec.selector == wanted.spec.selector && !is_terminating(existing.metadata) &&
         !is_contested(observed, drift_of(wanted, existing), kPodManagementField);
}

void ensure_stateful_set(const Observed& observed, Plan& plan) {
  // A terminating PVC stays until its pod is gone, so the StatefulSet has to be deleted before a
  // new PVC can be created.
  if (observed.pvc() && is_terminating(observed.pvc()->metadata)) {
    return delete_child<ObjectRole::kStatefulSet>(observed, plan);
  }
  // The StatefulSet is not created or updated before the PVC is observed: a PVC that no cache shows
  // may belong to another owner, and no pod may mount it.
  if (!observed.pvc()) return;
  const auto& existing = observed.stateful_set();
  api::StatefulSet wanted =
      build_stateful_set(*observed.registry, gets_buildkit(observed), buildkit_refusal(observed));
  if (existing && must_be_recreated(observed, *existing, wanted)) {
    Delete remove = delete_of(ObjectRole::kStatefulSet, existing->metadata);
    remove.keeps_pods = true;
    return recreate(observed, drift_of(wanted, *existing), std::move(remove), kPodManagementField,
                    plan);
  }
  ensure_with_selector<ObjectRole::kStatefulSet>(observed, std::move(wanted), plan);
}

// Plans the deletion of the workload that is not wanted any more. Returns true if that workload
// still runs. Then the wanted workload must wait: of two workloads behind one Service, each would
// have a part of the images.
template <ObjectRole role>
bool remove_other_workload(const Observed& observed, Plan& plan) {
  const auto& workload = observed.slots.get<role>();
  const bool is_running = is_child(observed, workload) && !is_terminating(workload->metadata);
  delete_child<role>(observed, plan);
  return is_running;
}

// Returns whether the API server refused the Service as invalid, once in this reconcile, and the
// Service has a port that conflicts with the wanted one. That port may be the cause.
bool is_refused_for_its_ports(const Observed& observed, const api::Service& wanted) {
  if (!observed.service() || is_terminating(observed.service()->metadata)) return false;
  const auto refusals = std::count_if(
      observed.failures.begin(), observed.failures.end(), [](const FailedRequest& failure) {
        return failure.role == ObjectRole::kService &&
               failure.error.code == base::ErrorCode::kInvalid && failure.node_port == 0;
      });
  return refusals == 1 && has_conflicting_port(wanted, *observed.service());
}

}  // namespace

void ensure_pvc(const Observed& observed, Plan& plan) {
  if (!observed.registry->spec.persistence.enabled) return;
  // The cache may be stale, and the LocalRegistry already gone. Then nothing would remove a PVC
  // that is created now, because PVCs have no owner reference. This matters if whenDeleted is
  // Delete, or if the target is another namespace.
  const bool would_be_left =
      is_in_other_namespace(*observed.registry) ||
      observed.registry->spec.persistence.when_deleted == api::RetentionPolicy::kDelete;
  if (!observed.pvc() && would_be_left && !observed.live) return require_live_read(observed, plan);
  create_or_heal<ObjectRole::kPvc>(observed, build_pvc(*observed.registry, observed.pvc().get()),
                                   plan);
}

void ensure_workload(const Observed& observed, const DeploymentIntent* deployment, Plan& plan) {
  if (has_unseen_workload_to_delete(observed)) return require_live_read(observed, plan);
  if (deployment == nullptr) {
    if (remove_other_workload<ObjectRole::kDeployment>(observed, plan)) return;
    ensure_stateful_set(observed, plan);
  } else {
    if (remove_other_workload<ObjectRole::kStatefulSet>(observed, plan)) return;
    ensure_with_selector<ObjectRole::kDeployment>(observed, deployment->object, plan);
  }
}

// If the bound of writes allows no write now, a Service that publishes a pod that is not ready goes
// on doing so, which does no harm. So the last write that the bound allows is left for the moment
// at which the pod has to be published again.
Publishing within_bound_of_writes(const Observed& observed, int port, const Publishing& decided) {
  const auto& service = observed.service();
  const bool stops = !decided.not_ready && service &&
                     service->spec.publish_not_ready_addresses == api::Switch::kOn;
  if (!stops) return decided;
  const auto allowed = next_allowed_write(observed.history, ObjectRole::kService, observed.instant);
  const bool is_own =
      intent_hash(*service) == intent_hash(build_service(*observed.registry, port, true));
  if (!allowed || !is_own) return decided;
  return {true, std::chrono::ceil<std::chrono::milliseconds>(*allowed - observed.instant)};
}

void ensure_service(const Observed& observed, Plan& plan) {
  const NodePortChoice choice = choose_node_port(observed);
  if (!choice.possible) return;
  const Publishing publishing =
      within_bound_of_writes(observed, choice.port, decide_publishing(observed));
  if (publishing.recheck_after) requeue_no_later_than(*publishing.recheck_after, plan);
  const api::Service wanted = build_service(*observed.registry, choice.port, publishing.not_ready);
  if (is_refused_for_its_ports(observed, wanted)) {
    plan.actions.emplace_back(ResetPorts{build_ports_patch(observed.service()->metadata, wanted),
                                         fingerprint_of(wanted)});
  } else {
    create_or_heal<ObjectRole::kService>(observed, wanted, plan);
  }
}

}  // namespace reconcile
