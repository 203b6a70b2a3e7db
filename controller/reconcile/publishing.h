// Whether the Service publishes a pod that is not ready. It does so only while a sidecar keeps the
// pod from being ready: otherwise pushes would still reach a pod that is being deleted, and be lost
// with it. Pure; any thread.
#pragma once

#include <chrono>
#include <optional>

#include "reconcile/observed.h"

namespace reconcile {

struct Publishing {
  bool not_ready = false;
  // When the answer may change without an event; nothing: never.
  std::optional<std::chrono::milliseconds> look_again;
};

// Changes as seldom as it can: not while a pod starts without trouble, and not each time that a
// failing sidecar is ready for a moment.
Publishing decide_publishing(const Observed& observed);

}  // namespace reconcile
