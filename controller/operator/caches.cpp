#include "operator/caches.h"

#include <fmt/core.h>

#include <algorithm>

#include "kube/parallel.h"
#include "reconcile/names.h"

namespace controller {
namespace {

namespace asio = boost::asio;

std::vector<kube::Scope> in_namespaces(const std::vector<std::string>& names) {
  if (names.empty()) return {kube::Scope{}};
  std::vector<kube::Scope> scopes;
  scopes.reserve(names.size());
  for (const std::string& name : names) scopes.push_back({name, ""});
  return scopes;
}

std::vector<kube::Scope> the_namespaces(const std::vector<std::string>& names) {
  if (names.empty()) return {kube::Scope{}};
  std::vector<kube::Scope> scopes;
  scopes.reserve(names.size());
  for (const std::string& name : names) scopes.push_back({"", name});
  return scopes;
}

kube::InformerOptions children(const std::vector<std::string>& names) {
  return {in_namespaces(names),
          fmt::format("{}={}", reconcile::kManagedByLabel, reconcile::kManager)};
}

}  // namespace

api::ObjectKey target_key(const api::LocalRegistry& registry) {
  return {api::target_namespace(registry), registry.spec.name};
}

template <class T>
Owned<T>::Owned(const kube::Environment& environment, const kube::InformerOptions& options,
                kube::WatchObserver* observer)
    : informer(environment, options, observer),
      by_owner(informer.store().add_index([](const T& object) {
        const api::ObjectKey owner = reconcile::owner_key(object.metadata);
        return owner.name.empty() ? std::string() : api::to_string(owner);
      })) {}

template struct Owned<api::Deployment>;
template struct Owned<api::StatefulSet>;
template struct Owned<api::Service>;
template struct Owned<api::PersistentVolumeClaim>;
template struct Owned<api::Pod>;

Caches::Caches(const kube::Environment& environment,
               const std::vector<std::string>& watch_namespaces, kube::WatchObserver* observer)
    : registries(environment, {in_namespaces(watch_namespaces), ""}, observer),
      namespaces(environment, {the_namespaces(watch_namespaces), ""}, observer),
      deployments(environment, children(watch_namespaces), observer),
      stateful_sets(environment, children(watch_namespaces), observer),
      services(environment, children(watch_namespaces), observer),
      claims(environment, children(watch_namespaces), observer),
      pods(environment, children(watch_namespaces), observer),
      watch_namespaces_(watch_namespaces),
      by_target_(registries.store().add_index(
          [](const api::LocalRegistry& registry) { return api::to_string(target_key(registry)); })),
      by_target_namespace_(registries.store().add_index(
          [](const api::LocalRegistry& registry) { return api::target_namespace(registry); })),
      by_namespace_(registries.store().add_index(
          [](const api::LocalRegistry& registry) { return registry.metadata.namespace_name; })) {}

asio::awaitable<void> Caches::run() {
  std::vector<asio::awaitable<void>> watches;
  watches.push_back(registries.run());
  watches.push_back(namespaces.run());
  watches.push_back(deployments.informer.run());
  watches.push_back(stateful_sets.informer.run());
  watches.push_back(services.informer.run());
  watches.push_back(claims.informer.run());
  watches.push_back(pods.informer.run());
  co_await kube::run_until_one_ends(std::move(watches));
}

asio::awaitable<void> Caches::wait_synced() {
  co_await registries.wait_synced();
  co_await namespaces.wait_synced();
  co_await deployments.informer.wait_synced();
  co_await stateful_sets.informer.wait_synced();
  co_await services.informer.wait_synced();
  co_await claims.informer.wait_synced();
  co_await pods.informer.wait_synced();
}

bool Caches::synced() const {
  return registries.synced() && namespaces.synced() && deployments.informer.synced() &&
         stateful_sets.informer.synced() && services.informer.synced() &&
         claims.informer.synced() && pods.informer.synced();
}

std::string Caches::waiting_for() const {
  for (std::string text :
       {registries.waiting_for(), namespaces.waiting_for(), deployments.informer.waiting_for(),
        stateful_sets.informer.waiting_for(), services.informer.waiting_for(),
        claims.informer.waiting_for(), pods.informer.waiting_for()}) {
    if (!text.empty()) return text;
  }
  return synced() ? "" : "waiting for the first lists";
}

bool Caches::watches(const std::string& namespace_name) const {
  return watch_namespaces_.empty() || std::find(watch_namespaces_.begin(), watch_namespaces_.end(),
                                                namespace_name) != watch_namespaces_.end();
}

std::vector<std::shared_ptr<const api::LocalRegistry>> Caches::wanting(
    const api::ObjectKey& target) const {
  return registries.store().by_index(by_target_, api::to_string(target));
}

std::vector<std::shared_ptr<const api::LocalRegistry>> Caches::targeting(
    const std::string& namespace_name) const {
  return registries.store().by_index(by_target_namespace_, namespace_name);
}

std::vector<std::shared_ptr<const api::LocalRegistry>> Caches::in_namespace(
    const std::string& namespace_name) const {
  return registries.store().by_index(by_namespace_, namespace_name);
}

}  // namespace controller
