#include "operator/caches.h"

#include <fmt/core.h>

#include <algorithm>

#include "async/parallel.h"
#include "base/text/text.h"
#include "reconcile/checks/acceptance.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/checks/rivalry.h"
#include "reconcile/children/names.h"
#include "reconcile/status/images.h"

namespace controller {
namespace {

namespace asio = boost::asio;

// Returns one scope for each name, with the name in `part`; without names, one of all objects.
std::vector<kube::Scope> scopes(const std::vector<std::string>& names,
                                std::string kube::Scope::*part) {
  std::vector<kube::Scope> list(std::max<std::size_t>(names.size(), 1));
  for (std::size_t i = 0; i < names.size(); ++i) list[i].*part = names[i];
  return list;
}

// Returns whether the cache holds all of the LocalRegistry. Otherwise the spec may be missing, and
// with the spec the target name and namespace.
bool is_whole(const api::LocalRegistry& registry) {
  return registry.metadata.completeness == json::Completeness::kComplete;
}

kube::InformerOptions children_in(const std::vector<std::string>& names) {
  return {scopes(names, &kube::Scope::namespace_name),
          fmt::format("{}={}", reconcile::kManagedByLabel, reconcile::kManager)};
}

// A space separates the two parts, because no name contains one.
std::string index_key(const std::string& namespace_name, const api::ObjectKey& owner) {
  return namespace_name + " " + api::to_string(owner);
}

}  // namespace

template <class T>
OwnedObjectCache<T>::OwnedObjectCache(const kube::Environment& environment,
                                      const kube::InformerOptions& options,
                                      kube::WatchObserver* observer)
    : informer(environment, options, observer),
      by_owner(informer.store().add_index([](const T& object) {
        const api::ObjectKey owner = reconcile::owner_key(object.metadata);
        if (owner.name.empty()) return std::string();
        return index_key(object.metadata.namespace_name, owner);
      })) {}

template <class T>
std::vector<std::shared_ptr<const T>> OwnedObjectCache<T>::owned_in(
    const std::string& namespace_name, const api::ObjectKey& owner, std::size_t max) const {
  return store().by_index(by_owner, index_key(namespace_name, owner), max);
}

template struct OwnedObjectCache<api::Deployment>;
template struct OwnedObjectCache<api::StatefulSet>;
template struct OwnedObjectCache<api::Service>;
template struct OwnedObjectCache<api::PersistentVolumeClaim>;
template struct OwnedObjectCache<api::Pod>;

Caches::Caches(const kube::Environment& environment,
               const std::vector<std::string>& watch_namespaces, kube::WatchObserver* observer)
    : registries(environment, {scopes(watch_namespaces, &kube::Scope::namespace_name), ""},
                 observer),
      namespaces(environment, {scopes(watch_namespaces, &kube::Scope::name), ""}, observer),
      pods(environment, children_in(watch_namespaces), observer),
      watch_namespaces_(watch_namespaces),
      children_(environment, children_in(watch_namespaces), observer),
      by_target_(registries.store().add_index(
          [](const api::LocalRegistry& registry) {
            return is_whole(registry) ? api::to_string(reconcile::target_key(registry))
                                      : std::string();
          },
          reconcile::name_candidate_summary)),
      by_target_namespace_(registries.store().add_index([](const api::LocalRegistry& registry) {
        return is_whole(registry) ? api::target_namespace(registry) : std::string();
      })),
      by_namespace_(registries.store().add_index(
          [](const api::LocalRegistry& registry) { return registry.metadata.namespace_name; },
          [](const api::LocalRegistry& registry) {
            return static_cast<std::uint64_t>(reconcile::rewrites_images(registry));
          })) {}

asio::awaitable<void> Caches::run() {
  std::vector<asio::awaitable<void>> watches;
  watches.push_back(registries.run());
  watches.push_back(namespaces.run());
  children_.each([&](auto& cache) { watches.push_back(cache.informer.run()); });
  watches.push_back(pods.informer.run());
  co_await async::run_until_one_ends(std::move(watches));
}

asio::awaitable<void> Caches::wait_synced() {
  co_await registries.wait_synced();
  co_await namespaces.wait_synced();
  std::vector<asio::awaitable<void>> lists;
  children_.each([&](auto& cache) { lists.push_back(cache.informer.wait_synced()); });
  for (asio::awaitable<void>& list : lists) co_await std::move(list);
  co_await pods.informer.wait_synced();
}

bool Caches::synced() const {
  bool are_synced = registries.synced() && namespaces.synced() && pods.informer.synced();
  children_.each([&](const auto& cache) { are_synced = are_synced && cache.informer.synced(); });
  return are_synced;
}

std::string Caches::waiting_for() const {
  std::string text = registries.waiting_for();
  if (text.empty()) text = namespaces.waiting_for();
  children_.each([&](const auto& cache) {
    if (text.empty()) text = cache.informer.waiting_for();
  });
  if (text.empty()) text = pods.informer.waiting_for();
  if (!text.empty() || synced()) return text;
  return "waiting for the first list of every watched resource";
}

bool Caches::watches(const std::string& namespace_name) const {
  return watch_namespaces_.empty() || base::is_one_of(namespace_name, watch_namespaces_);
}

bool Caches::may_be_orphan(const api::ObjectMeta& object) const {
  const auto found = namespaces.store().get({"", object.namespace_name});
  return reconcile::may_be_orphan_of_deleted_owner(object, found.get());
}

std::vector<std::string> Caches::namespaces_of_deleted_owner(const api::ObjectKey& owner) const {
  std::vector<std::string> names = {owner.namespace_name};
  namespaces.store().each([&](const std::shared_ptr<const api::Namespace>& found) {
    if (found->metadata.name == owner.namespace_name) return;
    if (reconcile::allows(*found, owner.namespace_name)) names.push_back(found->metadata.name);
  });
  return names;
}

std::vector<kube::IndexCandidate> Caches::candidates_for_name(const api::ObjectKey& target) const {
  return registries.store().candidates(by_target_, api::to_string(target));
}

std::vector<kube::IndexCandidate> Caches::candidates_for_namespace(
    const std::string& namespace_name) const {
  return registries.store().candidates(by_target_namespace_, namespace_name);
}

void Caches::for_each_rewriting_registry(
    const std::string& namespace_name,
    const std::function<bool(const std::shared_ptr<const api::LocalRegistry>&)>& visit) const {
  for (const kube::IndexCandidate& candidate :
       registries.store().candidates(by_namespace_, namespace_name)) {
    if (candidate.summary == 0 || candidate.entry.namespace_name() != namespace_name) continue;
    const auto found = registries.store().get(candidate.key());
    if (found && !visit(found)) return;
  }
}

namespace {

template <class T>
Caches::Usage usage_of(const kube::Store<T>& store) {
  return {api::Resource<T>::kType.plural, store.bytes(), store.reduced(), store.dropped()};
}

}  // namespace

std::vector<Caches::Usage> Caches::usage() const {
  std::vector<Usage> usage = {usage_of(registries.store()), usage_of(namespaces.store())};
  children_.each([&](const auto& cache) { usage.push_back(usage_of(cache.store())); });
  usage.push_back(usage_of(pods.store()));
  return usage;
}

}  // namespace controller
