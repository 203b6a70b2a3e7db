// The state of one reconcile of one key, while it runs. The coroutine of the reconcile owns it; it
// is used on the thread of the io_context only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconcile/plan.h"

namespace controller {

struct ReconcileState {
  api::ObjectKey key;

  // The objects that a live read returned and that no cache holds, because they lack the operator's
  // labels or the cache is full. Only objects at the keys of the child table are in it.
  reconcile::ChildSlots uncached;

  // The children that a live read listed, whatever their names. The executor removes a child after
  // it has deleted it.
  std::vector<reconcile::MisplacedChild> children;

  // The LocalRegistry that the live read returned. A full cache does not hold its spec.
  std::shared_ptr<const api::LocalRegistry> registry;

  // See reconcile::Observed::pod_refusal.
  std::optional<reconcile::PodRefusal> pod_refusal;

  bool live = false;        // see reconcile::Observed::live
  bool conflicted = false;  // a precondition failed: the observed object was stale
  std::vector<reconcile::FailedRequest> failures;
  std::vector<reconcile::Action> done;  // writes that succeeded
};

}  // namespace controller
