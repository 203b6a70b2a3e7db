// One reconcile of one key, while it runs: what only this reconcile knows. Owned by the coroutine
// of the reconcile.
#pragma once

#include <memory>
#include <vector>

#include "reconcile/plan.h"

namespace controller {

struct Attempt {
  api::ObjectKey key;

  // Objects that were read live and that no cache holds, because their labels are not ours.
  std::shared_ptr<const api::Deployment> deployment;
  std::shared_ptr<const api::StatefulSet> stateful_set;
  std::shared_ptr<const api::Service> service;
  std::shared_ptr<const api::PersistentVolumeClaim> claim;

  // Children under whatever name that a live read listed, until they are deleted.
  std::vector<reconcile::Leftover> children;

  // The resource as it was read live: a cache without room does not hold its spec.
  std::shared_ptr<const api::LocalRegistry> registry;

  bool live = false;
  bool conflicted = false;  // a precondition did not hold: what was seen is old
  std::vector<reconcile::Failure> failures;
  std::vector<reconcile::Action> done;  // writes that succeeded
};

}  // namespace controller
