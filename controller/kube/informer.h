// A Store that keeps itself up to date: a Watcher for each scope, one Store, one coroutine.
//
//   kube::Informer<api::Service> services(environment, {.label_selector = "a=b"});
//   services.store().on_change(…);
//   co_await services.run();            // beside others; cancelled by its parent
//
// Guarantees, assumptions and caveats are those of Watcher and Store. One owner; used on the
// thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kube/parallel.h"
#include "kube/store.h"
#include "kube/watcher.h"

namespace kube {

struct InformerOptions {
  std::vector<Scope> scopes = {Scope{}};  // watched one by one; everything by default
  std::string label_selector = {};
};

// What is the same for every type.
class InformerCore {
 public:
  // target: its scope is that of the options.
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
  Signal listed_;  // one of the watchers has its list
  std::vector<std::unique_ptr<Part>> parts_;
};

template <class T>
class Informer {
 public:
  // observer, if any, outlives the informer.
  explicit Informer(const Environment& environment, const InformerOptions& options = {},
                    WatchObserver* observer = nullptr)
      : store_(options.scopes),
        core_(environment,
              {api::Resource<T>::kType, {}, {}, {}, &json::shape_of<T>(), api::kObjectBytes<T>},
              options, observer, store_.core()) {}

  Store<T>& store() { return store_; }
  const Store<T>& store() const { return store_; }

  // Watches until it is cancelled, which throws boost::system::system_error.
  boost::asio::awaitable<void> run() { return core_.run(); }

  // The list of every scope was complete at least once. Never false again.
  bool synced() const { return core_.synced(); }

  // Returns once synced.
  boost::asio::awaitable<void> wait_synced() { return core_.wait_synced(); }

  // For /readyz: "waiting for localregistries: the CRD is not installed"; empty when synced and
  // watching.
  std::string waiting_for() const { return core_.waiting_for(); }

 private:
  Store<T> store_;
  InformerCore core_;
};

}  // namespace kube
