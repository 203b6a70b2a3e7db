// Builds the input of plan() from the caches and from the live reads of this reconcile. It does no
// IO. Used on the thread of the io_context only.
#pragma once

#include <vector>

#include "operator/attempt.h"
#include "operator/caches.h"
#include "reconcile/observed.h"

namespace controller {

// The inputs of gather() that are neither in the caches nor in the ReconcileState.
struct ClusterFacts {
  bool kind_cluster = false;
  base::Time now;                                      // by the wall clock
  std::vector<reconcile::PushCheck> push_checks = {};  // of the LocalRegistry
  reconcile::WriteHistory history = {};                // of the LocalRegistry
  reconcile::Instant instant = {};
  std::vector<std::string> allowed_images = {};  // --allowed-images; empty: any
};

reconcile::Observed gather(const Caches& caches, const ReconcileState& state,
                           const ClusterFacts& facts);

}  // namespace controller
