// Reads why a StatefulSet has no pod: from the events of its controller, because its status does
// not tell. Used on the thread of the io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "kube/environment.h"
#include "operator/attempt.h"
#include "operator/counts.h"

namespace controller {

class PodRefusals {
 public:
  explicit PodRefusals(const kube::Environment& environment) : environment_(environment) {}

  // Sets ReconcileState::pod_refusal. A list of events scans all events of the namespace, and a
  // tenant may write many. So the number of concurrent reads is limited, in total and for each
  // namespace (limits::kPodRefusalReads); a read beyond the limit leaves the refusal unknown.
  boost::asio::awaitable<void> read(reconcile::ReadPodRefusal action, ReconcileState& state);

 private:
  boost::asio::awaitable<base::Result<reconcile::PodRefusal>> refusal_in_events(
      reconcile::ReadPodRefusal action);

  kube::Environment environment_;
  Counts reads_;             // that run, by namespace
  bool has_warned_ = false;  // that events cannot be read
};

}  // namespace controller
