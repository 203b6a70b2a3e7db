#include "reconcile/steps/removal.h"

#include <algorithm>

#include "base/limits.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/checks/decision.h"
#include "reconcile/children/node_port.h"
#include "reconcile/status/status.h"

namespace reconcile {
namespace {

// Returns whether this LocalRegistry owns the retained child and has whenDeleted: Delete. A PVC
// that an earlier LocalRegistry retained stays until this one has taken it over.
bool may_delete_retained(const Observed& observed, const api::ObjectMeta& child) {
  return observed.registry->spec.persistence.when_deleted == api::RetentionPolicy::kDelete &&
         is_owned(child, *observed.registry);
}

// Deletes a child that holds images if spec.persistence.whenDeleted is Delete, but only after a
// live read and with the resourceVersion that was read.
void remove_retained(const Observed& observed, ObjectRole role, const api::ObjectMeta& child,
                     Plan& plan) {
  if (is_terminating(child) || !may_delete_retained(observed, child)) return;
  if (!observed.live) return require_live_read(observed, plan);
  plan.actions.emplace_back(
      Delete{role, api::key_of(child), child.uid, child.resource_version, false});
}

// Keeps the finalizer and reports why: children may be in namespaces that are not watched.
void block_deletion(const Observed& observed, Plan& plan) {
  report(observed, status_with_blocked_cleanup(observed), plan);
}

// Returns whether a misplaced child needs the finalizer.
bool needs_finalizer(const Observed& observed, const MisplacedChild& child) {
  if (policy_of(child.role).is_retained) return may_delete_retained(observed, child.metadata);
  return child.metadata.namespace_name != observed.registry->metadata.namespace_name;
}

// Returns whether the child at the key of that row needs the finalizer, now or once it is created.
template <class Row, class T>
bool needs_finalizer(const Observed& observed, const std::shared_ptr<const T>& object) {
  const api::LocalRegistry& registry = *observed.registry;
  if (Row::kPolicy.is_retained) {
    const api::PersistenceSpec& persistence = registry.spec.persistence;
    return (object && may_delete_retained(observed, object->metadata)) ||
           (persistence.enabled && persistence.when_deleted == api::RetentionPolicy::kDelete);
  }
  const bool is_collected = Row::kPolicy.is_garbage_collected &&
                            Row::key(registry).namespace_name == registry.metadata.namespace_name;
  return !is_collected && (is_deployed(observed) || is_child(observed, object));
}

}  // namespace

void remove_misplaced_children(const Observed& observed, Plan& plan) {
  for (const MisplacedChild& child : observed.misplaced_children) {
    if (policy_of(child.role).is_retained) {
      remove_retained(observed, child.role, child.metadata, plan);
    } else if (!is_terminating(child.metadata)) {
      plan.actions.emplace_back(delete_of(child.role, child.metadata));
    }
  }
}

bool has_misplaced_service(const Observed& observed) {
  return std::any_of(observed.misplaced_children.begin(), observed.misplaced_children.end(),
                     [](const MisplacedChild& child) {
                       return child.role == ObjectRole::kService && !is_terminating(child.metadata);
                     });
}

void remove_unwanted_pvc(const Observed& observed, Plan& plan) {
  if (observed.registry->spec.persistence.enabled || !observed.pvc()) return;
  remove_retained(observed, ObjectRole::kPvc, observed.pvc()->metadata, plan);
}

void remove_registry(const Observed& observed, Plan& plan) {
  if (has_unseen_workload_to_delete(observed) || has_unseen_service(observed)) {
    return require_live_read(observed, plan);
  }
  observed.slots.each([&](auto row, const auto&) {
    if (!row.kPolicy.is_retained) delete_child<decltype(row)::kRole>(observed, plan);
  });
}

bool needs_finalizer(const Observed& observed) {
  if (!observed.unwatched_namespaces.empty()) return true;
  bool needs =
      std::any_of(observed.misplaced_children.begin(), observed.misplaced_children.end(),
                  [&](const MisplacedChild& child) { return needs_finalizer(observed, child); });
  observed.slots.each([&](auto row, const auto& object) {
    needs = needs || needs_finalizer<decltype(row)>(observed, object);
  });
  return needs;
}

void undo_partial_creation(const Observed& observed, Plan& plan) {
  if (remembered_node_port(observed.registry->status) != 0) return;
  observed.slots.each([&](auto row, const auto& object) {
    const bool is_own = object && is_owned(object->metadata, *observed.registry);
    if (is_own && !row.kPolicy.is_retained) delete_child<decltype(row)::kRole>(observed, plan);
  });
}

void remove_orphans(const Observed& observed, Plan& plan) {
  for (const MisplacedChild& orphan : observed.orphans) {
    if (policy_of(orphan.role).is_retained || is_terminating(orphan.metadata)) continue;
    if (!observed.live) return require_live_read(observed, plan);
    if (find_failure(observed, orphan.role)) continue;
    Delete action = delete_of(orphan.role, orphan.metadata);
    action.is_orphan = true;
    plan.actions.emplace_back(std::move(action));
  }
}

void plan_deletion(const Observed& observed, Plan& plan) {
  if (!has_finalizer(observed.registry->metadata)) return;
  if (!observed.failures.empty()) plan.requeue_after = limits::kRefusedRetry;
  if (!observed.live) return require_live_read(observed, plan);
  if (is_in_other_namespace(*observed.registry)) remove_registry(observed, plan);
  if (observed.pvc()) remove_retained(observed, ObjectRole::kPvc, observed.pvc()->metadata, plan);
  remove_misplaced_children(observed, plan);
  // The next reconcile plans a failed delete again. The finalizer stays until then.
  std::erase_if(plan.actions, [&](const Action& action) {
    return find_failure(observed, role_of(action)) != nullptr;
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

void plan_orphan_deletion(const Observed& observed, Plan& plan) {
  if (!observed.owner_watched) return;  // the LocalRegistry may still exist
  if (!observed.failures.empty()) plan.requeue_after = limits::kRefusedRetry;
  for (const MisplacedChild& child : observed.misplaced_children) {
    if (policy_of(child.role).is_retained || is_terminating(child.metadata)) continue;
    if (!child.metadata.owner_references.empty()) continue;  // garbage collection deletes it
    if (!observed.live) return require_live_read(observed, plan);
    if (!find_failure(observed, child.role)) {
      plan.actions.emplace_back(delete_of(child.role, child.metadata));
    }
  }
}

}  // namespace reconcile
