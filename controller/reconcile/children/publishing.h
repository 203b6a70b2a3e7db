// Decides whether the Service publishes a pod that is not ready (publishNotReadyAddresses). The
// Service does so only while a sidecar keeps the pod from being ready. Otherwise pushes would still
// reach a pod that is being deleted, and would be lost with it. All functions are pure and can be
// called on any thread.
#pragma once

#include <chrono>
#include <optional>

#include "reconcile/observed.h"

namespace reconcile {

struct Publishing {
  bool not_ready = false;
  // The decision may change after this time without a watch event; nullopt: it cannot.
  std::optional<std::chrono::milliseconds> recheck_after;
};

// Returns the decision. The decision changes as rarely as possible: it stays the same while a pod
// starts normally, and when a failing sidecar is ready for a moment.
Publishing decide_publishing(const Observed& observed);

}  // namespace reconcile
