// The informers of the controller: what it knows of the cluster without asking.
//
// Children are selected by their label, so that nobody else's objects are ever received. One owner
// (the program); used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "api/apps.h"
#include "api/local_registry.h"
#include "kube/informer.h"

namespace controller {

// An informer and the index that finds the objects of one resource in one namespace, so that
// objects of other namespaces that name the same resource hide none of them.
template <class T>
struct Owned {
  kube::Informer<T> informer;
  typename kube::Store<T>::Index by_owner;

  Owned(const kube::Environment& environment, const kube::InformerOptions& options,
        kube::WatchObserver* observer);

  kube::Store<T>& store() { return informer.store(); }
  const kube::Store<T>& store() const { return informer.store(); }

  // At most `most` objects in that namespace that name the LocalRegistry as their owner.
  std::vector<std::shared_ptr<const T>> owned_in(const std::string& namespace_name,
                                                 const api::ObjectKey& owner,
                                                 std::size_t most) const;
};

class Caches {
 public:
  // watch_namespaces empty: all.
  Caches(const kube::Environment& environment, const std::vector<std::string>& watch_namespaces,
         kube::WatchObserver* observer);

  // Watches until it is cancelled.
  boost::asio::awaitable<void> run();

  boost::asio::awaitable<void> wait_synced();
  bool synced() const;

  // What the first informer that is not synced waits for; empty when all are.
  std::string waiting_for() const;

  bool watches(const std::string& namespace_name) const;

  // Whether an object whose owner is gone can have been its child.
  bool may_be_left(const api::ObjectMeta& object) const;

  // The namespaces that can have children of that resource when it is gone.
  std::vector<std::string> namespaces_of_gone(const api::ObjectKey& owner) const;

  // The resources that want that name ("namespace/name" of what is behind them), with their
  // reconcile::claim_digest.
  std::vector<kube::Candidate> wanting(const api::ObjectKey& target) const;

  // Those whose registry runs, or shall run, in that namespace.
  std::vector<kube::Candidate> targeting(const std::string& namespace_name) const;

  // Visits each resource of that namespace whose images the webhook rewrites, wherever its registry
  // runs, until visit returns false.
  void each_rewriting(
      const std::string& namespace_name,
      const std::function<bool(const std::shared_ptr<const api::LocalRegistry>&)>& visit) const;

  // What each cache holds: for the metrics.
  struct Usage {
    std::string_view resource;  // the plural
    std::size_t bytes;
    std::size_t reduced;  // objects that are not kept as a whole
    std::size_t dropped;  // objects that are not kept at all
  };
  std::vector<Usage> usage() const;

  kube::Informer<api::LocalRegistry> registries;
  kube::Informer<api::Namespace> namespaces;
  Owned<api::Deployment> deployments;
  Owned<api::StatefulSet> stateful_sets;
  Owned<api::Service> services;
  Owned<api::PersistentVolumeClaim> claims;
  Owned<api::Pod> pods;

 private:
  std::vector<std::string> watch_namespaces_;
  kube::Store<api::LocalRegistry>::Index by_target_;
  kube::Store<api::LocalRegistry>::Index by_target_namespace_;
  kube::Store<api::LocalRegistry>::Index by_namespace_;
};

// The objects called spec.name in the target namespace.
api::ObjectKey target_key(const api::LocalRegistry& registry);

}  // namespace controller
