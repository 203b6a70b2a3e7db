// Executes the actions of a plan. Only this class writes LocalRegistries and their children.
//
// Guarantees
//  * Every write that succeeds is recorded in the caches before execute() returns, so that the next
//    gather() sees it (KEP-5647). Exception: the caller of write_status() records the written
//    status.
//  * After a failed precondition (HTTP 409), execute() reads the object live.
//  * Any other failure is added to ReconcileState::failures. execute() does not retry the request,
//    except for a node port that may be released soon.
//  * Every heal, and every answer that differs from what was applied, is recorded in the write
//    histories.
// Used on the thread of the io_context only. Cancelling the calling coroutine cancels the requests.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <vector>

#include "kube/environment.h"
#include "operator/attempt.h"
#include "operator/caches.h"
#include "operator/live_reader.h"
#include "operator/pod_refusals.h"
#include "operator/push/push_checks.h"
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
        histories_(histories),
        live_reader_(environment, caches),
        pod_refusals_(environment) {}

  // Executes all actions concurrently, because the actions of one plan are independent of each
  // other.
  boost::asio::awaitable<void> execute(std::vector<reconcile::Action> actions,
                                       ReconcileState& state);

  // Writes the status of the observed LocalRegistry and returns the updated LocalRegistry; nullopt
  // when the LocalRegistry is gone. Returns kConflict when it has changed since it was observed.
  boost::asio::awaitable<base::Result<std::optional<api::LocalRegistry>>> write_status(
      std::shared_ptr<const api::LocalRegistry> observed, api::LocalRegistryStatus status);

 private:
  struct Dispatch;

  boost::asio::awaitable<void> execute_one(reconcile::Action action, ReconcileState& state);
  boost::asio::awaitable<void> check_push(reconcile::CheckPush action, const ReconcileState& state);
  boost::asio::awaitable<void> record_contested_fields(reconcile::RecordContestedFields action,
                                                       ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> read_managers(api::ObjectKey key, std::string own,
                                             std::map<std::string, std::string>& managers);
  template <class T>
  void record(const T* before, const T& after, reconcile::Apply<T>& action,
              const ReconcileState& state);
  template <class T, class Reset>
  boost::asio::awaitable<void> reset(Reset action, ReconcileState& state);
  boost::asio::awaitable<void> set_finalizer(reconcile::SetFinalizer action, ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> apply(reconcile::Apply<T> action, ReconcileState& state);
  template <class T>
  boost::asio::awaitable<void> remove(reconcile::Delete action, ReconcileState& state);

  kube::Environment environment_;
  Caches& caches_;
  PushChecks& push_checks_;
  WriteHistories& histories_;
  LiveReader live_reader_;
  PodRefusals pod_refusals_;
};

}  // namespace controller
