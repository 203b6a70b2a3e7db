#include "operator/gather.h"

#include <algorithm>

#include "base/limits.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/checks/rivalry.h"
#include "reconcile/children/names.h"
#include "reconcile/children/node_port.h"

namespace controller {
namespace {

using reconcile::MisplacedChild;
using reconcile::Observed;

// The largest number of children of one kind that gather() takes from one namespace. So one
// namespace cannot use up limits::kObjectsOfOwner.
constexpr std::size_t kObjectsInNamespace = limits::kObjectsOfOwner / 2;

void add_misplaced_child(const Caches& caches, MisplacedChild object, Observed& observed) {
  const api::ObjectMeta& meta = object.metadata;
  if (!observed.registry) {
    if (caches.may_be_orphan(meta)) observed.misplaced_children.push_back(std::move(object));
    return;
  }
  const api::LocalRegistry& registry = *observed.registry;
  if (reconcile::is_orphan(meta, registry) &&
      reconcile::may_have_orphans_in(registry, meta.namespace_name)) {
    observed.orphans.push_back(object);
  }
  if (!reconcile::belongs_to(meta, registry)) return;
  if (!reconcile::is_key_of_child(registry, object.role, api::key_of(meta))) {
    observed.misplaced_children.push_back(std::move(object));
  }
}

// Adds orphaned children, and the children of `owner` except the one at the current target name. If
// the LocalRegistry is gone, adds every object that may have been its child.
template <class T>
void add_misplaced_children(const Caches& caches, const OwnedObjectCache<T>& cache,
                            const std::vector<std::string>& namespaces, const api::ObjectKey& owner,
                            Observed& observed) {
  std::size_t room = limits::kObjectsOfOwner;
  for (const std::string& name : namespaces) {
    const auto objects = cache.owned_in(name, owner, std::min(room, kObjectsInNamespace));
    room -= objects.size();
    for (const auto& object : objects) {
      const int port = reconcile::node_port_of_child(*object);
      add_misplaced_child(caches, {reconcile::role_of_type<T>(), object->metadata, port}, observed);
    }
  }
}

void add_all_misplaced_children(const Caches& caches, const api::ObjectKey& owner,
                                Observed& observed) {
  const std::vector<std::string> namespaces =
      observed.registry ? reconcile::namespaces_that_may_have_children(*observed.registry)
                        : caches.namespaces_of_deleted_owner(owner);
  caches.each_children_cache([&](const auto& cache) {
    add_misplaced_children(caches, cache, namespaces, owner, observed);
  });
}

// Returns the uid of the LocalRegistry that owns the objects at the target name; empty: none.
std::string incumbent_of(const Observed& observed) {
  std::string uid;
  if (observed.service()) uid = reconcile::owner_uid(observed.service()->metadata);
  if (uid.empty() && observed.deployment())
    uid = reconcile::owner_uid(observed.deployment()->metadata);
  if (uid.empty() && observed.stateful_set()) {
    uid = reconcile::owner_uid(observed.stateful_set()->metadata);
  }
  return uid;
}

bool pvc_owner_may_exist(const Caches& caches, const Observed& observed) {
  if (!observed.pvc()) return false;
  const api::ObjectKey key = reconcile::owner_key(observed.pvc()->metadata);
  // If the namespace of the owner is not watched, the cache cannot show that the owner is gone.
  if (!key.name.empty() && !caches.watches(key.namespace_name)) return true;
  const auto owner = caches.registries.store().get(key);
  return owner && owner->metadata.uid != observed.registry->metadata.uid &&
         owner->metadata.uid == reconcile::owner_uid(observed.pvc()->metadata);
}

void add_objects(const Caches& caches, const ReconcileState& state, Observed& observed) {
  observed.slots.each([&]<class Row>(Row, auto& object) {
    object = caches.children<reconcile::ObjectOf<Row>>().store().get(Row::key(*observed.registry));
    if (!object) object = state.uncached.get<Row::kRole>();
  });
  observed.pods = caches.pods.owned_in(api::target_namespace(*observed.registry), state.key,
                                       limits::kObjectsOfOwner);
}

// Returns the cached LocalRegistry. If it is being deleted and the cache holds only a part of it,
// returns the LocalRegistry of the live read, if any, because spec and status are needed to find
// the children.
std::shared_ptr<const api::LocalRegistry> find_registry(const Caches& caches,
                                                        const ReconcileState& state) {
  auto cached = caches.registries.store().get(state.key);
  const auto& read = state.registry;
  const bool is_part = cached && cached->metadata.completeness != json::Completeness::kComplete &&
                       reconcile::is_terminating(cached->metadata);
  return is_part && read && read->metadata.uid == cached->metadata.uid ? read : cached;
}

// Returns whether a live read lists the children in all namespaces that the plan needs. If the
// LocalRegistry is being deleted, the live read must have seen that too, because only then it lists
// all of namespaces_that_may_have_children().
bool covers_all_namespaces(const ReconcileState& state, const api::LocalRegistry* registry) {
  const auto is_deleted = [](const api::LocalRegistry* one) {
    return one != nullptr && reconcile::is_terminating(one->metadata);
  };
  return !is_deleted(registry) || is_deleted(state.registry.get());
}

// Adds the children that a live read listed and that are not in the caches.
void add_listed(const Caches& caches, const ReconcileState& state, Observed& observed) {
  for (const MisplacedChild& child : state.children) {
    const bool is_known = std::any_of(
        observed.misplaced_children.begin(), observed.misplaced_children.end(),
        [&](const MisplacedChild& known) { return known.metadata.uid == child.metadata.uid; });
    if (!is_known) add_misplaced_child(caches, child, observed);
  }
}

void find_rival(const Caches& caches, Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  const api::ObjectKey target = reconcile::target_key(registry);
  const std::string incumbent = incumbent_of(observed);
  const auto candidates = caches.candidates_for_name(target);
  std::vector<reconcile::NameCandidate> name_candidates;
  name_candidates.reserve(candidates.size());
  for (const kube::IndexCandidate& candidate : candidates) {
    const kube::PackedEntry& entry = candidate.entry;
    name_candidates.push_back({entry.namespace_name(), entry.name(), candidate.summary,
                               entry.has_uid(registry.metadata.uid), entry.has_uid(incumbent)});
  }
  const auto load = [&](const reconcile::NameCandidate& wanted) {
    auto found = caches.registries.store().get(
        {std::string(wanted.namespace_name), std::string(wanted.name)});
    return found && reconcile::target_key(*found) == target ? found : nullptr;
  };
  observed.has_same_second_candidate =
      reconcile::has_same_second_candidate(registry, name_candidates);
  observed.rival = reconcile::find_rival(
      registry, std::move(name_candidates), load,
      {observed.target_namespace.get(), observed.kind_cluster, incumbent, observed.allowed_images});
}

}  // namespace

Observed gather(const Caches& caches, const ReconcileState& state, const ClusterFacts& facts) {
  Observed observed;
  observed.now = facts.now;
  observed.kind_cluster = facts.kind_cluster;
  observed.push_checks = facts.push_checks;
  observed.history = facts.history;
  observed.instant = facts.instant;
  observed.failures = state.failures;
  observed.pod_refusal = state.pod_refusal;
  observed.registry = find_registry(caches, state);
  observed.live = state.live && covers_all_namespaces(state, observed.registry.get());
  observed.owner_watched = caches.watches(state.key.namespace_name);
  observed.allowed_images = facts.allowed_images;
  // The live read found the LocalRegistry, but the cache does not hold it because the cache is
  // full. Its children are no orphans.
  if (!observed.registry && state.registry) return observed;
  add_all_misplaced_children(caches, state.key, observed);
  add_listed(caches, state, observed);
  if (!observed.registry) return observed;
  const api::LocalRegistry& registry = *observed.registry;
  add_objects(caches, state, observed);
  const std::string& target = api::target_namespace(registry);
  observed.target_watched = caches.watches(target);
  observed.target_namespace = caches.namespaces.store().get({"", target});
  observed.unwatched_namespaces = reconcile::other_namespaces(registry);
  std::erase_if(observed.unwatched_namespaces,
                [&](const std::string& name) { return caches.watches(name); });
  observed.pvc_owner_may_exist = pvc_owner_may_exist(caches, observed);
  find_rival(caches, observed);
  return observed;
}

}  // namespace controller
