#include "operator/gather.h"

#include "base/limits.h"
#include "reconcile/names.h"
#include "reconcile/rivalry.h"

namespace controller {
namespace {

using reconcile::Observed;
using reconcile::Target;

template <class T>
std::shared_ptr<const T> find(const Owned<T>& cache, const api::ObjectKey& key,
                              const std::shared_ptr<const T>& read_live) {
  auto cached = cache.store().get(key);
  return cached ? cached : read_live;
}

// Objects that say they are the key's: all but the one that is looked at by its name.
template <class T>
void add_leftovers(const Owned<T>& cache, Target target, const api::ObjectKey& owner,
                   const api::LocalRegistry* registry, std::vector<reconcile::Leftover>& list) {
  for (const auto& object :
       cache.store().by_index(cache.by_owner, api::to_string(owner), limits::kObjectsOfOwner)) {
    if (registry != nullptr) {
      if (!reconcile::belongs_to(object->metadata, *registry)) continue;
      if (api::key_of(object->metadata) == target_key(*registry)) continue;
    }
    list.push_back({target, object->metadata});
  }
}

void add_all_leftovers(const Caches& caches, const api::ObjectKey& owner,
                       const api::LocalRegistry* registry, Observed& observed) {
  auto& list = observed.leftovers;
  add_leftovers(caches.deployments, Target::kDeployment, owner, registry, list);
  add_leftovers(caches.stateful_sets, Target::kStatefulSet, owner, registry, list);
  add_leftovers(caches.services, Target::kService, owner, registry, list);
  add_leftovers(caches.claims, Target::kClaim, owner, registry, list);
}

// Whose the objects of that name are.
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
  // Nobody here can tell whether it does.
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
  observed.pods = caches.pods.store().by_index(caches.pods.by_owner, api::to_string(attempt.key),
                                               limits::kObjectsOfOwner);
}

}  // namespace

Observed gather(const Caches& caches, const Attempt& attempt, const ClusterFacts& facts) {
  Observed observed;
  observed.now = facts.now;
  observed.kind_cluster = facts.kind_cluster;
  observed.push_checks = facts.push_checks;
  observed.live = attempt.live;
  observed.failures = attempt.failures;
  observed.registry = caches.registries.store().get(attempt.key);
  add_all_leftovers(caches, attempt.key, observed.registry.get(), observed);
  if (!observed.registry) return observed;
  const api::LocalRegistry& registry = *observed.registry;
  add_objects(caches, attempt, observed);
  const std::string& target = api::target_namespace(registry);
  observed.target_watched = caches.watches(target);
  observed.target_namespace = caches.namespaces.store().get({"", target});
  observed.claim_owner_lives = claim_owner_lives(caches, observed);
  const std::string incumbent = incumbent_of(observed);
  observed.rival =
      reconcile::find_rival(registry, caches.wanting(target_key(registry)),
                            {observed.target_namespace.get(), facts.kind_cluster, incumbent});
  return observed;
}

}  // namespace controller
