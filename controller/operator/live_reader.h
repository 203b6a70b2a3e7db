// A LiveReader reads a LocalRegistry and its children from the API server, bypassing the caches,
// and records the objects in the caches.
//
// Guarantees
//  * A failed read is added to ReconcileState::failures with the role kLocalRegistry, whatever
//    object it read.
//  * An object at a key of the child table that no cache holds is stored in
//    ReconcileState::uncached.
// Used on the thread of the io_context only. Cancelling the calling coroutine cancels the requests.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "kube/environment.h"
#include "operator/attempt.h"
#include "operator/caches.h"

namespace controller {

class LiveReader {
 public:
  using Registry = std::shared_ptr<const api::LocalRegistry>;

  // `caches` must outlive the LiveReader.
  LiveReader(const kube::Environment& environment, Caches& caches)
      : environment_(environment), caches_(caches) {}

  // Reads the LocalRegistry, the objects at the keys of the child table, and its children in other
  // namespaces. Sets ReconcileState::live unless a read failed.
  boost::asio::awaitable<void> read_all(ReconcileState& state);

  // Reads the LocalRegistry and returns it; null when it is gone.
  boost::asio::awaitable<base::Result<Registry>> read_registry(api::ObjectKey key);

  // Reads the object of that role and key.
  boost::asio::awaitable<void> read_child(reconcile::ObjectRole role, api::ObjectKey key,
                                          ReconcileState& state);

 private:
  boost::asio::awaitable<void> read_objects(const api::LocalRegistry& registry,
                                            ReconcileState& state);
  boost::asio::awaitable<void> read_pvc_owner(api::ObjectKey pvc, ReconcileState& state);
  // Lists the children in that namespace, whatever their names.
  boost::asio::awaitable<void> read_namespace(std::string name, ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> read_children(kube::ListOptions options, ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> read(reconcile::ObjectRole role, api::ObjectKey key,
                                    ReconcileState& state);

  kube::Environment environment_;
  Caches& caches_;
};

}  // namespace controller
