// A Runner takes keys from its work queue and reconciles them, several at once.
//
// Guarantees
//  * At most RunnerOptions::workers reconciles run at once, and never two of the same key.
//  * A key that is added all the time is reconciled no more often than Pace allows.
//  * One switch (Runner::handle_result) handles every outcome.
//  * A reconcile that takes longer than RunnerOptions::timeout is cancelled and counts as
//    kTimeout.
//  * An exception that is not a cancellation is a bug. It is caught and logged as an error, and the
//    key is retried as after any other error.
//  * Cancelling run() cancels the reconciles in flight and waits for them; queued keys are dropped.
//  * The runner does not poll: it sleeps on one timer until the next key is due or a reconcile
//    reaches its timeout. Idle workers cost nothing.
// Assumption: a reconcile ends when it is cancelled (asio's cancellation, terminal).
//
// One owner; everything passed in by reference outlives it. Used on the thread of the io_context
// only.
#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "async/clock_alarm.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "runtime/pace.h"
#include "runtime/runner_observer.h"
#include "runtime/work_queue.h"

namespace runtime {

// The result of a successful reconcile. `after`: delay before the next reconcile of the key;
// absent: the key is reconciled again only when it is added; zero: the key is retried with backoff.
struct Requeue {
  std::optional<std::chrono::milliseconds> after = {};

  bool operator==(const Requeue&) const = default;
};

using ReconcileResult = base::Result<Requeue>;

struct RunnerOptions {
  std::size_t workers = 8;  // 1 to limits::kMaxWorkers
  base::Clock::Duration timeout = limits::kReconcileTimeout;
};

// Returns the outcome of a reconcile with that result.
ReconcileOutcome outcome_of(const ReconcileResult& result);

// Returns the text of a key for logs. A key type other than std::string needs an overload in its
// own namespace.
inline const std::string& to_string(const std::string& key) { return key; }

base::Error timeout_error(base::Clock::Duration timeout);
base::Error bug_error(const std::exception_ptr& exception);
base::Clock::Duration min_delay(const base::Error& error);  // its retry_after, or zero

// Returns the longest delay before the next try. It is shorter for transient errors, because no
// event reports the end of an outage of the API server, and keys with many failures must not wait
// long after it.
base::Clock::Duration max_delay(const base::Error& error);

// Returns whether a failure deserves a warning. The caller logs one warning for each series of
// consecutive failures. A conflict deserves a warning only from the limits::kConflictsToWarn-th
// consecutive failure on, because an edit during a reconcile is normal. `failures`: consecutive
// failures before this one.
bool is_worth_warning(const base::Error& error, int failures);

// Logs the failure as a warning, or else at debug level. `delay`: time until the next try.
void log_failure(base::Logger& logger, bool warning, std::string key, const base::Error& error,
                 base::Clock::Duration delay);

template <class Key>
class Runner {
 public:
  using Instant = base::Clock::Instant;
  using Duration = base::Clock::Duration;
  // The function must call a named coroutine. It must not be a lambda coroutine with captures,
  // because the captures may be destroyed before the coroutine ends.
  using Reconcile = std::function<boost::asio::awaitable<ReconcileResult>(Key)>;

  Runner(boost::asio::any_io_executor executor, RunnerOptions options, Reconcile reconcile,
         base::Clock& clock, base::Logger& logger, RunnerObserver& observer);

  // Requests a reconcile of the key, now or after a delay, and returns at once. May be called
  // before run() and while it runs, also from within a reconcile. Has no effect after run() has
  // ended.
  void add(const Key& key);
  void add_after(const Key& key, Duration delay);

  // Drops the requests for another reconcile of the key that were made since its current reconcile
  // started. Only the current reconcile may call it, before it reads all state again: what it reads
  // then covers the dropped requests.
  void drop_covered_requests(const Key& key) { queue_.drop_covered_requests(key); }

  // Reconciles until it is cancelled; then throws boost::system::system_error (operation_aborted).
  // Call it once.
  boost::asio::awaitable<void> run();

  const WorkQueue<Key>& queue() const { return queue_; }
  QueueState queue_state() const;
  std::size_t active() const { return active_; }  // reconciles in flight

  // Returns how long the event loop (runtime/loop.h) may pause. The pause is zero except in a
  // burst: while more than limits::kBacklog keys are ready, it is a small part of the average
  // duration of a reconcile.
  Duration poll_pause() const;

 private:
  struct Worker {
    std::optional<Key> key;  // absent: the worker is free
    async::TaskGroup::TaskId task = 0;
    Instant started{};
    bool timed_out = false;
  };
  struct AtEnd;

  static constexpr int kAverageOf = 8;  // the moving average covers about this many reconciles

  void wake();
  void pump();
  void start_workers(Instant now);
  Instant cancel_overdue(Instant now);
  boost::asio::awaitable<void> pump_when_woken();
  boost::asio::awaitable<void> work(Worker& worker);
  ReconcileResult explain(Worker& worker, const std::exception_ptr& exception);
  void handle_result(Worker& worker, const ReconcileResult& result);
  void forget_failures(const Key& key);
  void release(Worker& worker, Instant now);

  RunnerOptions options_;
  Reconcile reconcile_;
  base::Clock& clock_;
  base::Logger& logger_;
  RunnerObserver& observer_;
  WorkQueue<Key> queue_;
  Pace<Key> pace_;
  std::set<Key> warned_;  // failing keys whose warning was logged
  std::vector<Worker> workers_;
  std::size_t active_ = 0;
  Duration average_duration_ = Duration::zero();  // duration of a reconcile, a moving average
  bool running_ = false;
  bool woken_ = false;
  async::Signal woken_signal_;  // wakes pump_when_woken()
  async::TaskGroup group_;
  async::ClockAlarm alarm_;
};

template <class Key>
Runner<Key>::Runner(boost::asio::any_io_executor executor, RunnerOptions options,
                    Reconcile reconcile, base::Clock& clock, base::Logger& logger,
                    RunnerObserver& observer)
    : options_(options),
      reconcile_(std::move(reconcile)),
      clock_(clock),
      logger_(logger),
      observer_(observer),
      workers_(std::clamp<std::size_t>(options.workers, 1, limits::kMaxWorkers)),
      woken_signal_(executor),
      group_(executor),
      alarm_(clock, group_, [this] { pump(); }) {
  observer_.set_max_concurrent_reconciles(workers_.size());
}

template <class Key>
void Runner<Key>::add(const Key& key) {
  const Instant now = clock_.now();
  queue_.add_after(key, pace_.wait(key, now), now);
  wake();
}

template <class Key>
void Runner<Key>::add_after(const Key& key, Duration delay) {
  queue_.add_after(key, delay, clock_.now());
  wake();
}

template <class Key>
struct Runner<Key>::AtEnd {
  Runner& runner;

  ~AtEnd() {
    runner.running_ = false;
    runner.queue_.shutdown();
  }
};

template <class Key>
boost::asio::awaitable<void> Runner<Key>::run() {
  co_await boost::asio::this_coro::throw_if_cancelled(false);  // see TaskGroup
  const AtEnd at_end{*this};
  running_ = true;
  woken_ = true;
  alarm_.start();
  group_.spawn(pump_when_woken());
  auto children = group_.join();
  co_await std::move(children);
}

template <class Key>
void Runner<Key>::wake() {
  if (!running_ || woken_) return;
  woken_ = true;
  woken_signal_.notify();
}

// Starts reconciles of ready keys, cancels overdue ones and sets the alarm for the next instant.
template <class Key>
void Runner<Key>::pump() {
  if (group_.cancelled()) return;
  const Instant now = clock_.now();
  start_workers(now);
  Instant next = cancel_overdue(now);
  if (active_ < workers_.size()) {  // otherwise release() calls wake() once a worker is free
    if (const auto due = queue_.next_due()) next = std::min(next, *due);
  }
  alarm_.set(next);
}

template <class Key>
void Runner<Key>::start_workers(Instant now) {
  for (Worker& worker : workers_) {
    if (worker.key) continue;
    const auto taken = queue_.take(now);
    if (!taken) return;
    pace_.count(taken->key, now);
    observer_.key_taken(taken->waited);
    observer_.set_active_workers(++active_);
    worker = {taken->key, 0, now, false};
    const async::TaskGroup::TaskId task = group_.spawn(work(worker));
    worker.task = task;  // the task may have ended; cancel() then does nothing
  }
}

// Cancels reconciles that have reached the timeout. Returns when the next one will reach it.
template <class Key>
typename Runner<Key>::Instant Runner<Key>::cancel_overdue(Instant now) {
  Instant next = Instant::max();
  for (Worker& worker : workers_) {
    if (!worker.key || worker.timed_out) continue;
    const Instant deadline = worker.started + options_.timeout;
    if (deadline > now) {
      next = std::min(next, deadline);
    } else {
      worker.timed_out = true;
      group_.cancel(worker.task);
    }
  }
  return next;
}

template <class Key>
boost::asio::awaitable<void> Runner<Key>::pump_when_woken() {
  while (!group_.cancelled()) {
    if (std::exchange(woken_, false)) {
      pump();
      continue;
    }
    auto waiting = woken_signal_.wait_or_cancellation();
    co_await std::move(waiting);
  }
}

template <class Key>
boost::asio::awaitable<void> Runner<Key>::work(Worker& worker) {
  std::optional<ReconcileResult> result;
  std::exception_ptr exception;
  try {
    auto reconciling = reconcile_(*worker.key);
    ReconcileResult value = co_await std::move(reconciling);
    result.emplace(std::move(value));
  } catch (...) {
    exception = std::current_exception();
  }
  if (group_.cancelled() && async::is_cancellation(exception)) {
    release(worker, clock_.now());
    std::rethrow_exception(exception);
  }
  handle_result(worker, result ? *result : explain(worker, exception));
}

// Returns the error for a reconcile that ended with an exception.
template <class Key>
ReconcileResult Runner<Key>::explain(Worker& worker, const std::exception_ptr& exception) {
  if (worker.timed_out && async::is_cancellation(exception)) {
    observer_.reconcile_timed_out();
    return timeout_error(options_.timeout);
  }
  observer_.reconcile_panicked();
  const base::Error error = bug_error(exception);
  logger_.error("reconcile threw an exception, which is a bug",
                {{"key", std::string(to_string(*worker.key))}, {"exception", error.message}});
  return error;
}

template <class Key>
void Runner<Key>::forget_failures(const Key& key) {
  queue_.forget(key);
  warned_.erase(key);
}

template <class Key>
void Runner<Key>::handle_result(Worker& worker, const ReconcileResult& result) {
  const Key& key = *worker.key;
  const Instant now = clock_.now();
  const ReconcileOutcome outcome = outcome_of(result);
  switch (outcome) {
    case ReconcileOutcome::kSuccess: forget_failures(key); break;
    case ReconcileOutcome::kRequeueAfter:
      forget_failures(key);
      queue_.add_after(key, *result->after, now);
      break;
    case ReconcileOutcome::kRequeue: queue_.add_rate_limited(key, now); break;
    case ReconcileOutcome::kError: {
      const base::Error& error = result.error();
      const bool warning =
          is_worth_warning(error, queue_.failures(key)) && warned_.insert(key).second;
      const Duration delay = queue_.add_rate_limited(key, now, min_delay(error), max_delay(error));
      log_failure(logger_, warning, std::string(to_string(key)), error, delay);
      break;
    }
  }
  observer_.reconciled(outcome, now - worker.started);
  average_duration_ += (now - worker.started - average_duration_) / kAverageOf;
  release(worker, now);
}

template <class Key>
typename Runner<Key>::Duration Runner<Key>::poll_pause() const {
  if (queue_.ready() <= limits::kBacklog) return Duration::zero();
  return std::min<Duration>(average_duration_ / limits::kBacklogShare, limits::kMaxBacklogPause);
}

// Returns the key to the queue and frees the worker.
template <class Key>
void Runner<Key>::release(Worker& worker, Instant now) {
  observer_.key_done(queue_.done(*worker.key, now));
  worker.key.reset();
  observer_.set_active_workers(--active_);
  wake();
}

template <class Key>
QueueState Runner<Key>::queue_state() const {
  const Instant now = clock_.now();
  return {queue_.ready(), queue_.counters().adds, queue_.counters().retries,
          queue_.unfinished_work(now), queue_.longest_running(now)};
}

}  // namespace runtime
