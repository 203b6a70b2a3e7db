// The controller's informers. Reconciles read these caches. Only live reads send GET and LIST
// requests to the API server.
//
// The watches of children have a label selector, so that the API server does not send objects that
// other clients created. One owner (the program); used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "api/apps.h"
#include "api/local_registry.h"
#include "kube/watch/informer.h"
#include "reconcile/children/child_table.h"

namespace controller {

// An informer, with an index by the namespace of the object and its owner. The namespace is a part
// of the index key, so that objects in another namespace that name the same owner cannot hide
// children of that owner.
template <class T>
struct OwnedObjectCache {
  kube::Informer<T> informer;
  typename kube::Store<T>::Index by_owner;

  OwnedObjectCache(const kube::Environment& environment, const kube::InformerOptions& options,
                   kube::WatchObserver* observer);

  kube::Store<T>& store() { return informer.store(); }
  const kube::Store<T>& store() const { return informer.store(); }

  // Returns at most `max` objects in that namespace that name the LocalRegistry as their owner.
  std::vector<std::shared_ptr<const T>> owned_in(const std::string& namespace_name,
                                                 const api::ObjectKey& owner,
                                                 std::size_t max) const;
};

// Holds one OwnedObjectCache for each type of T.
template <class... T>
class CacheOfEach : public OwnedObjectCache<T>... {
 public:
  CacheOfEach(const kube::Environment& environment, const kube::InformerOptions& options,
              kube::WatchObserver* observer)
      : OwnedObjectCache<T>(environment, options, observer)... {}

  template <class Visit>
  void each(Visit&& visit) {
    (visit(static_cast<OwnedObjectCache<T>&>(*this)), ...);
  }
  template <class Visit>
  void each(Visit&& visit) const {
    (visit(static_cast<const OwnedObjectCache<T>&>(*this)), ...);
  }
};

class Caches {
 public:
  // `watch_namespaces`: empty means all namespaces.
  Caches(const kube::Environment& environment, const std::vector<std::string>& watch_namespaces,
         kube::WatchObserver* observer);

  // Runs all watches until it is cancelled.
  boost::asio::awaitable<void> run();

  boost::asio::awaitable<void> wait_synced();
  bool synced() const;

  // Returns why the first informer that is not synced waits; empty when all are synced.
  std::string waiting_for() const;

  bool watches(const std::string& namespace_name) const;

  // Returns whether the object can be an orphaned child, given that its owner is gone.
  bool may_be_orphan(const api::ObjectMeta& object) const;

  // Returns the namespaces that can have children of `owner` when that LocalRegistry is gone.
  std::vector<std::string> namespaces_of_deleted_owner(const api::ObjectKey& owner) const;

  // Returns the LocalRegistries whose reconcile::target_key() is `target`, each with its
  // reconcile::name_candidate_summary().
  std::vector<kube::IndexCandidate> candidates_for_name(const api::ObjectKey& target) const;

  // Returns the LocalRegistries whose target namespace is `namespace_name`.
  std::vector<kube::IndexCandidate> candidates_for_namespace(
      const std::string& namespace_name) const;

  // Visits each LocalRegistry of that namespace whose images the webhook rewrites, until `visit`
  // returns false. The registry itself may run in another namespace.
  void for_each_rewriting_registry(
      const std::string& namespace_name,
      const std::function<bool(const std::shared_ptr<const api::LocalRegistry>&)>& visit) const;

  // The size of one cache, for the metrics.
  struct Usage {
    std::string_view resource;  // its plural name, such as "services"
    std::size_t bytes;
    std::size_t reduced;  // objects whose cached copy is incomplete
    std::size_t dropped;  // objects that are not cached at all
  };
  std::vector<Usage> usage() const;

  kube::Informer<api::LocalRegistry> registries;
  kube::Informer<api::Namespace> namespaces;
  OwnedObjectCache<api::Pod> pods;

  // Returns the cache of the children of that type.
  template <class T>
  OwnedObjectCache<T>& children() {
    return children_;
  }
  template <class T>
  const OwnedObjectCache<T>& children() const {
    return children_;
  }

  // Calls `visit(cache)` for the cache of each type of children.
  template <class Visit>
  void each_children_cache(Visit&& visit) {
    children_.each(visit);
  }
  template <class Visit>
  void each_children_cache(Visit&& visit) const {
    children_.each(visit);
  }

 private:
  std::vector<std::string> watch_namespaces_;
  boost::mp11::mp_rename<reconcile::ChildTypes, CacheOfEach> children_;
  kube::Store<api::LocalRegistry>::Index by_target_;
  kube::Store<api::LocalRegistry>::Index by_target_namespace_;
  kube::Store<api::LocalRegistry>::Index by_namespace_;
};

}  // namespace controller
