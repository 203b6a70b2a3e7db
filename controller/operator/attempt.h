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

  // Children in other namespaces that were read live and that no cache holds, for want of room.
  std::vector<reconcile::Leftover> children;

  bool live = false;
  bool conflicted = false;  // a precondition did not hold: what was seen is old
  std::vector<reconcile::Failure> failures;
  std::vector<reconcile::Action> done;  // writes that succeeded
};

}  // namespace controller
