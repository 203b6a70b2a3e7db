// Finds out why a StatefulSet has no pod. The status of a StatefulSet has no condition for that, so
// the Events of the StatefulSet controller are read. Used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "kube/environment.h"
#include "operator/attempt.h"
#include "operator/counts.h"

namespace controller {

class PodRefusals {
 public:
  explicit PodRefusals(const kube::Environment& environment) : environment_(environment) {}

  // Sets ReconcileState::pod_refusal. For each list, the API server scans all Events of the
  // namespace, and a tenant may write many. So the number of concurrent reads is limited, in total
  // and for each namespace (limits::kPodRefusalReads); a read beyond the limit leaves the refusal
  // unknown.
  boost::asio::awaitable<void> read(reconcile::ReadPodRefusal action, ReconcileState& state);

 private:
  boost::asio::awaitable<base::Result<reconcile::PodRefusal>> refusal_in_events(
      reconcile::ReadPodRefusal action);

  kube::Environment environment_;
  Counts reads_;             // number of running reads, by namespace
  bool has_warned_ = false;  // the warning about unreadable Events was logged
};

}  // namespace controller
