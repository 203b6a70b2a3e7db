// An Informer keeps a Store up to date with one Watcher for each scope. It runs as one coroutine.
//
//   kube::Informer<api::Service> services(environment, {.label_selector = "a=b"});
//   services.store().on_change(…);
//   co_await services.run();            // runs until its parent cancels it
//
// The guarantees, assumptions and caveats of Watcher and Store apply. An Informer has one owner and
// is used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/signal.h"
#include "kube/watch/store.h"
#include "kube/watch/watcher.h"

namespace kube {

struct InformerOptions {
  std::vector<Scope> scopes = {Scope{}};  // one watch each; the default value covers all objects
  std::string label_selector = {};
};

// InformerCore is the part of an Informer that does not depend on the type.
class InformerCore {
 public:
  // The options replace the namespace and the selectors of `target`.
  InformerCore(const Environment& environment, const WatchTarget& target,
               const InformerOptions& options, WatchObserver* observer, StoreCore& store);
  ~InformerCore();
  InformerCore(const InformerCore&) = delete;
  InformerCore& operator=(const InformerCore&) = delete;

  boost::asio::awaitable<void> run();
  bool synced() const;
  boost::asio::awaitable<void> wait_synced();
  std::string waiting_for() const;

 private:
  class Sink;
  struct Part;

  const api::ResourceType& type_;
  async::Signal listed_;  // notified whenever a watcher has received a whole list
  std::vector<std::unique_ptr<Part>> parts_;
};

template <class T>
class Informer {
 public:
  // `observer` may be null; otherwise it outlives the informer.
  explicit Informer(const Environment& environment, const InformerOptions& options = {},
                    WatchObserver* observer = nullptr)
      : store_(options.scopes),
        core_(environment,
              {api::Resource<T>::kType, {}, {}, {}, &json::shape_of<T>(), api::kObjectBytes<T>},
              options, observer, store_.core()) {}

  Store<T>& store() { return store_; }
  const Store<T>& store() const { return store_; }

  // Watches until it is cancelled. The cancellation throws boost::system::system_error.
  boost::asio::awaitable<void> run() { return core_.run(); }

  // True once every scope has received a whole list; it stays true from then on.
  bool synced() const { return core_.synced(); }

  // Returns once synced() is true.
  boost::asio::awaitable<void> wait_synced() { return core_.wait_synced(); }

  // Returns the reason for /readyz, such as "waiting for localregistries: the CRD is not
  // installed"; empty when the informer is synced and watching.
  std::string waiting_for() const { return core_.waiting_for(); }

 private:
  Store<T> store_;
  InformerCore core_;
};

}  // namespace kube
