// Executes the actions of a plan. Only this class writes LocalRegistries and their children.
//
// Guarantees
//  * Every write that succeeds is recorded in the caches before execute() returns, so that the next
//    gather() sees it (KEP-5647). A written status is recorded by the caller of write_status().
//  * After a failed precondition (HTTP 409) the object is read live.
//  * Any other failure is added to ReconcileState::failures. The request is not retried, unless a
//    node port may be released soon.
//  * Every heal, and every answer that differs from what was written, is recorded in the histories.
// Used on the thread of the io_context only. Cancelling the calling coroutine cancels the requests.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <vector>

#include "kube/environment.h"
#include "operator/attempt.h"
#include "operator/caches.h"
#include "operator/push_checks.h"
#include "operator/write_histories.h"

namespace controller {

class Executor {
 public:
  // `caches`, `push_checks` and `histories` must outlive the Executor.
  Executor(const kube::Environment& environment, Caches& caches, PushChecks& push_checks,
           WriteHistories& histories)
      : environment_(environment),
        caches_(caches),
        push_checks_(push_checks),
        histories_(histories) {}

  // Executes all actions concurrently, since they are independent of each other.
  boost::asio::awaitable<void> execute(std::vector<reconcile::Action> actions,
                                       ReconcileState& state);

  // Writes the status of the observed LocalRegistry and returns the updated LocalRegistry; nullopt
  // when it is gone. kConflict when it has changed since it was observed.
  boost::asio::awaitable<base::Result<std::optional<api::LocalRegistry>>> write_status(
      std::shared_ptr<const api::LocalRegistry> observed, api::LocalRegistryStatus status);

 private:
  using Registry = std::shared_ptr<const api::LocalRegistry>;

  boost::asio::awaitable<void> execute_one(reconcile::Action action, ReconcileState& state);
  boost::asio::awaitable<void> read_live(ReconcileState& state);
  boost::asio::awaitable<void> read_objects(api::ObjectKey target, ReconcileState& state);
  // Reads the LocalRegistry live, records the result in the cache and returns it; null: it is gone.
  boost::asio::awaitable<base::Result<Registry>> read_registry(api::ObjectKey key);
  boost::asio::awaitable<base::Result<reconcile::PodRefusal>> refusal_in_events(
      reconcile::ReadPodRefusal action);
  boost::asio::awaitable<void> read_pod_refusal(reconcile::ReadPodRefusal action,
                                                ReconcileState& state);
  void check_push(const reconcile::CheckPush& action, const ReconcileState& state);
  boost::asio::awaitable<void> record_contested_fields(reconcile::RecordContestedFields action,
                                                       ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> read_managers(api::ObjectKey key, std::string own,
                                             std::map<std::string, std::string>& managers);
  template <class T>
  void record(const T* before, const T& after, reconcile::Apply<T>& action,
              const ReconcileState& state);
  template <class T, class Reset>
  boost::asio::awaitable<void> reset(OwnedObjectCache<T>& cache, Reset action,
                                     std::shared_ptr<const T>& foreign, ReconcileState& state);
  boost::asio::awaitable<void> set_finalizer(reconcile::SetFinalizer action, ReconcileState& state);

  // Lists the children in that namespace, of any name.
  boost::asio::awaitable<void> read_namespace(std::string name, ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> read_children(reconcile::ObjectKind kind, kube::ListOptions options,
                                             ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> read(OwnedObjectCache<T>& cache, api::ObjectKey key,
                                    std::shared_ptr<const T>& foreign, ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> apply(OwnedObjectCache<T>& cache, reconcile::Apply<T> action,
                                     std::shared_ptr<const T>& foreign, ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> remove(OwnedObjectCache<T>& cache, reconcile::Delete action,
                                      std::shared_ptr<const T>& foreign, ReconcileState& state);

  kube::Environment environment_;
  Caches& caches_;
  PushChecks& push_checks_;
  std::map<std::string, std::size_t> refusal_reads_;  // that run, by namespace
  bool has_warned_of_events_ = false;                 // that they cannot be read
  WriteHistories& histories_;
};

}  // namespace controller
