// Gathers what plan() looks at, from the caches and from what this reconcile has read itself. No
// IO.
#pragma once

#include <vector>

#include "operator/attempt.h"
#include "operator/caches.h"
#include "reconcile/observed.h"

namespace controller {

// What is known beside the caches.
struct ClusterFacts {
  bool kind_cluster = false;
  base::Time now;
  std::vector<reconcile::PushCheck> push_checks = {};  // of the resource
  reconcile::WriteHistory history = {};                // of the resource
  reconcile::Instant instant = {};
  std::vector<std::string> allowed_images = {};  // --allowed-images; empty: any
};

reconcile::Observed gather(const Caches& caches, const Attempt& attempt, const ClusterFacts& facts);

}  // namespace controller
