// The controller of LocalRegistries. Changes in the caches enqueue keys. For each key it gathers,
// plans and executes until a plan has no actions.
//
// Guarantees
//  * It is level-based: a key carries no event. Each reconcile looks at the current state, so a
//    missed event does no harm.
//  * A reconcile executes at most limits::kPassesPerReconcile plans, and begins none after
//    limits::kPassesTime. If actions are left, the key is retried with backoff.
//  * The status is written last, even if actions failed. It is computed from the last observation,
//    and written only when it changes.
//
// One owner (the program). run() may be called again after it was cancelled, because leadership can
// be lost and regained. Used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kube/environment.h"
#include "kube/events.h"
#include "operator/attempt.h"
#include "operator/caches.h"
#include "operator/execute.h"
#include "operator/gather.h"
#include "operator/push/push_checks.h"
#include "reconcile/status/events.h"
#include "runtime/runner.h"

namespace controller {

// The number of LocalRegistries that have this delivery and this status of the condition Ready.
struct ResourceCount {
  std::string delivery;  // "LocalRegistry", "KindLoad", "Upstream"; empty: not decided
  std::string ready;     // "True", "False" or "Unknown"
  std::size_t count = 0;
};

class Controller {
 public:
  // `caches`, `events`, `observer` and `checker` must outlive the controller.
  Controller(const kube::Environment& environment, Caches& caches, kube::EventRecorder& events,
             runtime::RunnerObserver& observer, registry::PushChecker& checker, std::size_t workers,
             std::vector<std::string> allowed_images = {});
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // Reconciles until it is cancelled. First waits until the caches are synced, so the caller must
  // run the caches (Caches::run), too.
  boost::asio::awaitable<void> run();

  // Returns how long the event loop may pause between two polls (runtime/loop.h); zero while run()
  // does not reconcile.
  base::Clock::Duration poll_pause() const {
    return runner_ ? runner_->poll_pause() : base::Clock::Duration::zero();
  }

  // Returns the state of the work queue; nullopt while run() does not reconcile.
  std::optional<runtime::QueueState> queue_state() const;

  // Returns the numbers of cached LocalRegistries. It unpacks each of them.
  std::vector<ResourceCount> count_resources() const;

  // Returns the number of children with contested fields.
  std::size_t contested_objects() const { return histories_.contested(); }

 private:
  using Key = api::ObjectKey;

  boost::asio::awaitable<runtime::ReconcileResult> reconcile(Key key);
  boost::asio::awaitable<runtime::ReconcileResult> finish(
      ReconcileState& state, reconcile::Plan plan, std::shared_ptr<const api::LocalRegistry> before,
      std::shared_ptr<const api::LocalRegistry> after);
  reconcile::Observed observe(const ReconcileState& state) const;
  void record_status(const api::LocalRegistry& written, bool last);
  boost::asio::awaitable<void> watch_nodes();
  boost::asio::awaitable<bool> detect_kind_cluster();

  void watch_caches();
  template <class T>
  void watch_children(OwnedObjectCache<T>& cache);
  Key owner_of(const api::ObjectMeta& object) const;
  void enqueue(const Key& key);
  void enqueue_everything();
  // Enqueues the LocalRegistries that may be the next to get the name `target`. The LocalRegistry
  // with the uid `except_uid` is left out.
  void enqueue_rivals(const api::ObjectKey& target, std::string_view except_uid = {});
  void record_events(const api::LocalRegistry& registry,
                     const std::vector<reconcile::ReconcileEvent>& events);
  void report_missing_part(const api::LocalRegistry& registry);

  kube::Environment environment_;
  Caches& caches_;
  kube::EventRecorder& events_;
  runtime::RunnerObserver& observer_;
  PushChecks push_checks_;
  WriteHistories histories_;
  Executor executor_;
  std::size_t workers_;
  std::vector<std::string> allowed_images_;       // --allowed-images; empty: any
  std::unique_ptr<runtime::Runner<Key>> runner_;  // null: not reconciling
  bool kind_cluster_ = false;
  bool recording_last_status_ = false;
};

}  // namespace controller
