// A runner (runtime/runner.h) reports its reconciles and the state of its work queue to a
// RunnerObserver. The caller of the runner implements it, for example for metrics. Used on the
// thread of the io_context only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace runtime {

// How a reconcile ended.
enum class ReconcileOutcome { kSuccess, kRequeueAfter, kRequeue, kError };

// The state of a work queue at one moment.
struct QueueState {
  std::size_t depth = 0;      // keys that are ready
  std::uint64_t adds = 0;     // since the runner was created
  std::uint64_t retries = 0;  // since the runner was created
  base::Clock::Duration unfinished_work{};
  base::Clock::Duration longest_running{};
};

// The functions of a RunnerObserver do nothing unless overridden. None of them may throw.
class RunnerObserver {
 public:
  using Duration = base::Clock::Duration;

  RunnerObserver() = default;
  RunnerObserver(const RunnerObserver&) = delete;
  RunnerObserver& operator=(const RunnerObserver&) = delete;
  virtual ~RunnerObserver() = default;

  // A runner was created that reconciles at most `workers` keys at once.
  virtual void set_max_concurrent_reconciles(std::size_t /*workers*/) {}
  // From now on `workers` reconciles are in flight.
  virtual void set_active_workers(std::size_t /*workers*/) {}
  // The reconcile of a key begins; the key was ready for the time `waited`.
  virtual void key_taken(Duration /*waited*/) {}
  // The reconcile of a key ended, in whatever way, after the time `worked`.
  virtual void key_done(Duration /*worked*/) {}
  // A reconcile ended with this outcome after the time `took`. Not called for a cancelled
  // reconcile.
  virtual void reconciled(ReconcileOutcome /*outcome*/, Duration /*took*/) {}
  // A reconcile threw an exception, which is a bug.
  virtual void reconcile_panicked() {}
  // A reconcile was cancelled because it reached its timeout.
  virtual void reconcile_timed_out() {}
};

}  // namespace runtime
