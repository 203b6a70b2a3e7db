#include "operator/gather.h"

#include <algorithm>

#include "base/limits.h"
#include "reconcile/names.h"
#include "reconcile/node_port.h"
#include "reconcile/places.h"
#include "reconcile/rivalry.h"

namespace controller {
namespace {

using reconcile::Leftover;
using reconcile::Observed;
using reconcile::Target;

// The number of children of one kind and one owner that are taken from one namespace at most, so
// that no namespace takes the room of another.
constexpr std::size_t kObjectsInNamespace = limits::kObjectsOfOwner / 2;

template <class T>
std::shared_ptr<const T> find(const Owned<T>& cache, const api::ObjectKey& key,
                              const std::shared_ptr<const T>& read_live) {
  auto cached = cache.store().get(key);
  return cached ? cached : read_live;
}

void add_leftover(const Caches& caches, Leftover object, Observed& observed) {
  const api::ObjectMeta& meta = object.metadata;
  if (!observed.registry) {
    if (caches.may_be_left(meta)) observed.leftovers.push_back(std::move(object));
    return;
  }
  const api::LocalRegistry& registry = *observed.registry;
  if (reconcile::is_orphan(meta, registry) &&
      reconcile::may_have_orphans_in(registry, meta.namespace_name)) {
    observed.orphans.push_back(object);
  }
  if (!reconcile::belongs_to(meta, registry)) return;
  if (api::key_of(meta) != target_key(registry)) observed.leftovers.push_back(std::move(object));
}

// Adds the children of `owner`, except the one at the current target name, and orphaned children.
// If the LocalRegistry is gone, it adds every object that can have been its child.
template <class T>
void add_leftovers(const Caches& caches, const Owned<T>& cache, Target target,
                   const std::vector<std::string>& namespaces, const api::ObjectKey& owner,
                   Observed& observed) {
  std::size_t room = limits::kObjectsOfOwner;
  for (const std::string& name : namespaces) {
    const auto objects = cache.owned_in(name, owner, std::min(room, kObjectsInNamespace));
    room -= objects.size();
    for (const auto& object : objects) {
      const int port = reconcile::node_port_of_child(*object);
      add_leftover(caches, {target, object->metadata, port}, observed);
    }
  }
}

void add_all_leftovers(const Caches& caches, const api::ObjectKey& owner, Observed& observed) {
  const std::vector<std::string> namespaces = observed.registry
                                                  ? reconcile::namespaces_of(*observed.registry)
                                                  : caches.namespaces_of_gone(owner);
  const auto add = [&](const auto& cache, Target target) {
    add_leftovers(caches, cache, target, namespaces, owner, observed);
  };
  add(caches.deployments, Target::kDeployment);
  add(caches.stateful_sets, Target::kStatefulSet);
  add(caches.services, Target::kService);
  add(caches.claims, Target::kClaim);
}

// Returns the uid of the LocalRegistry that owns the objects at the target name; empty: none.
std::string incumbent_of(const Observed& observed) {
  std::string uid;
  if (observed.service) uid = reconcile::owner_uid(observed.service->metadata);
  if (uid.empty() && observed.deployment) uid = reconcile::owner_uid(observed.deployment->metadata);
  if (uid.empty() && observed.stateful_set) {
    uid = reconcile::owner_uid(observed.stateful_set->metadata);
  }
  return uid;
}

bool claim_owner_lives(const Caches& caches, const Observed& observed) {
  if (!observed.claim) return false;
  const api::ObjectKey key = reconcile::owner_key(observed.claim->metadata);
  // The owner's namespace is not watched, so the owner may exist.
  if (!key.name.empty() && !caches.watches(key.namespace_name)) return true;
  const auto owner = caches.registries.store().get(key);
  return owner && owner->metadata.uid != observed.registry->metadata.uid &&
         owner->metadata.uid == reconcile::owner_uid(observed.claim->metadata);
}

void add_objects(const Caches& caches, const Attempt& attempt, Observed& observed) {
  const api::ObjectKey key = target_key(*observed.registry);
  observed.deployment = find(caches.deployments, key, attempt.deployment);
  observed.stateful_set = find(caches.stateful_sets, key, attempt.stateful_set);
  observed.service = find(caches.services, key, attempt.service);
  observed.claim = find(caches.claims, key, attempt.claim);
  observed.pods = caches.pods.owned_in(key.namespace_name, attempt.key, limits::kObjectsOfOwner);
}

// Returns the LocalRegistry from the cache. If the cache holds only a part of one that is being
// deleted, the live read is used, because spec and status are needed to find the children.
std::shared_ptr<const api::LocalRegistry> find_registry(const Caches& caches,
                                                        const Attempt& attempt) {
  auto cached = caches.registries.store().get(attempt.key);
  const auto& read = attempt.registry;
  const bool is_part = cached && cached->metadata.kept != json::Kept::kWhole &&
                       reconcile::is_terminating(cached->metadata);
  return is_part && read && read->metadata.uid == cached->metadata.uid ? read : cached;
}

// Whether the live read listed all namespaces that this LocalRegistry needs. For one that is being
// deleted, the read must have seen the deletion, because only then it lists all of namespaces_of().
bool was_searched(const Attempt& attempt, const api::LocalRegistry* registry) {
  const auto is_deleted = [](const api::LocalRegistry* one) {
    return one != nullptr && reconcile::is_terminating(one->metadata);
  };
  return !is_deleted(registry) || is_deleted(attempt.registry.get());
}

// Adds the children that a live read listed and the cache does not show.
void add_listed(const Caches& caches, const Attempt& attempt, Observed& observed) {
  for (const Leftover& child : attempt.children) {
    const bool is_known = std::any_of(
        observed.leftovers.begin(), observed.leftovers.end(),
        [&](const Leftover& leftover) { return leftover.metadata.uid == child.metadata.uid; });
    if (!is_known) add_leftover(caches, child, observed);
  }
}

void find_rival(const Caches& caches, Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  const api::ObjectKey target = target_key(registry);
  const std::string incumbent = incumbent_of(observed);
  const auto candidates = caches.wanting(target);
  std::vector<reconcile::Claim> claims;
  claims.reserve(candidates.size());
  for (const kube::Candidate& candidate : candidates) {
    const kube::PackedEntry& entry = candidate.entry;
    claims.push_back({entry.namespace_name(), entry.name(), candidate.digest,
                      entry.has_uid(registry.metadata.uid), entry.has_uid(incumbent)});
  }
  const auto load = [&](const reconcile::Claim& claim) {
    auto found =
        caches.registries.store().get({std::string(claim.namespace_name), std::string(claim.name)});
    return found && target_key(*found) == target ? found : nullptr;
  };
  observed.has_twin = reconcile::has_twin(registry, claims);
  observed.rival = reconcile::find_rival(
      registry, std::move(claims), load,
      {observed.target_namespace.get(), observed.kind_cluster, incumbent, observed.allowed_images});
}

}  // namespace

Observed gather(const Caches& caches, const Attempt& attempt, const ClusterFacts& facts) {
  Observed observed;
  observed.now = facts.now;
  observed.kind_cluster = facts.kind_cluster;
  observed.push_checks = facts.push_checks;
  observed.history = facts.history;
  observed.instant = facts.instant;
  observed.failures = attempt.failures;
  observed.pod_refusal = attempt.pod_refusal;
  observed.registry = find_registry(caches, attempt);
  observed.live = attempt.live && was_searched(attempt, observed.registry.get());
  observed.owner_watched = caches.watches(attempt.key.namespace_name);
  observed.allowed_images = facts.allowed_images;
  // A LocalRegistry for which the cache has no room exists all the same, and keeps its children.
  if (!observed.registry && attempt.registry) return observed;
  add_all_leftovers(caches, attempt.key, observed);
  add_listed(caches, attempt, observed);
  if (!observed.registry) return observed;
  const api::LocalRegistry& registry = *observed.registry;
  add_objects(caches, attempt, observed);
  const std::string& target = api::target_namespace(registry);
  observed.target_watched = caches.watches(target);
  observed.target_namespace = caches.namespaces.store().get({"", target});
  observed.unwatched_namespaces = reconcile::other_namespaces(registry);
  std::erase_if(observed.unwatched_namespaces,
                [&](const std::string& name) { return caches.watches(name); });
  observed.claim_owner_lives = claim_owner_lives(caches, observed);
  find_rival(caches, observed);
  return observed;
}

}  // namespace controller
