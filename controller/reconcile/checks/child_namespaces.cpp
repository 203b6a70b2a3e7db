#include "reconcile/checks/child_namespaces.h"

#include <algorithm>
#include <set>

#include "reconcile/checks/acceptance.h"
#include "reconcile/children/names.h"
#include "reconcile/status/reasons.h"

namespace reconcile {
namespace {

// Returns whether the status is about the current generation, which was accepted, and names a
// workload.
bool ran_in_target(const api::LocalRegistry& registry) {
  const api::LocalRegistryStatus& status = registry.status;
  return status.observed_generation == registry.metadata.generation && !status.workload.empty() &&
         api::reason_of(status.conditions, condition::kAccepted) == reason::kAccepted;
}

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// Returns whether an object at the target name has an annotation that names this LocalRegistry. The
// owner-uid label is not checked, because another client may have edited it.
bool has_own_object(const Observed& observed) {
  const api::ObjectKey key = api::key_of(observed.registry->metadata);
  bool has = false;
  observed.slots.each([&](auto row, const auto& object) {
    has = has || (!row.kPolicy.is_retained && object && is_managed(object->metadata) &&
                  owner_key(object->metadata) == key);
  });
  return has;
}

// Returns the namespaces, besides the LocalRegistry's own, in which children exist, may exist
// (because the namespace is not watched) or will be created. `creates`: see namespaces_to_record().
std::set<std::string> namespaces_with_objects(const Observed& observed, bool creates) {
  const api::LocalRegistry& registry = *observed.registry;
  std::set<std::string> names(observed.unwatched_namespaces.begin(),
                              observed.unwatched_namespaces.end());
  // A retained PVC is never deleted, so its namespace does not have to be recorded for it.
  const bool with_pvcs = registry.spec.persistence.when_deleted == api::RetentionPolicy::kDelete;
  for (const MisplacedChild& child : observed.misplaced_children) {
    if (policy_of(child.role).is_retained && !with_pvcs) continue;
    names.insert(child.metadata.namespace_name);
  }
  const std::string& target = api::target_namespace(registry);
  const bool was_used = contains(other_namespaces(registry), target);
  const bool has_pvc = with_pvcs && observed.pvc() && is_owned(observed.pvc()->metadata, registry);
  if (creates || (was_used && (has_own_object(observed) || has_pvc))) names.insert(target);
  names.erase(registry.metadata.namespace_name);
  return names;
}

}  // namespace

bool is_in_other_namespace(const api::LocalRegistry& registry) {
  return api::target_namespace(registry) != registry.metadata.namespace_name;
}

std::vector<std::string> other_namespaces(const api::LocalRegistry& registry) {
  std::vector<std::string> names = registry.status.other_namespaces;
  const std::string& target = api::target_namespace(registry);
  if (is_in_other_namespace(registry) && ran_in_target(registry) && !contains(names, target)) {
    names.push_back(target);
  }
  return names;
}

std::vector<std::string> namespaces_that_may_have_children(const api::LocalRegistry& registry) {
  std::vector<std::string> names = {registry.metadata.namespace_name};
  const std::string& target = api::target_namespace(registry);
  if (!contains(names, target)) names.push_back(target);
  for (const std::string& name : registry.status.other_namespaces) {
    if (!contains(names, name)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> namespaces_to_search(const api::LocalRegistry& registry) {
  return is_terminating(registry.metadata) ? namespaces_that_may_have_children(registry)
                                           : other_namespaces(registry);
}

bool may_have_children_in(const api::LocalRegistry& registry, const std::string& namespace_name) {
  return contains(namespaces_that_may_have_children(registry), namespace_name);
}

bool may_be_orphan_of_deleted_owner(const api::ObjectMeta& object, const api::Namespace* found) {
  const std::string owner = owner_key(object).namespace_name;
  if (owner == object.namespace_name) return true;
  return found != nullptr && allows(*found, owner) &&
         !api::lookup(object.labels, kOwnerUidLabel).empty();
}

bool may_have_orphans_in(const api::LocalRegistry& registry, const std::string& namespace_name) {
  return namespace_name == api::target_namespace(registry) &&
         !contains(other_namespaces(registry), namespace_name);
}

bool target_is_recorded(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  return !is_in_other_namespace(registry) ||
         contains(registry.status.other_namespaces, api::target_namespace(registry));
}

std::vector<std::string> namespaces_to_record(const Observed& observed, bool creates) {
  std::set<std::string> names = namespaces_with_objects(observed, creates);
  if (!observed.live) {
    const std::vector<std::string>& recorded = observed.registry->status.other_namespaces;
    names.insert(recorded.begin(), recorded.end());
  }
  return {names.begin(), names.end()};
}

bool may_drop_namespace(const Observed& observed, bool creates) {
  const std::vector<std::string>& recorded = observed.registry->status.other_namespaces;
  if (recorded.empty()) return false;  // the usual case
  const std::set<std::string> names = namespaces_with_objects(observed, creates);
  return std::any_of(recorded.begin(), recorded.end(),
                     [&](const std::string& name) { return !names.contains(name); });
}

}  // namespace reconcile
