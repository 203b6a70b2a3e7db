#include "reconcile/observed.h"

namespace reconcile {

const FailedRequest* find_failure(const Observed& observed, ObjectRole role) {
  for (const FailedRequest& failure : observed.failures) {
    if (failure.role == role && failure.node_port == 0) return &failure;
  }
  return nullptr;
}

}  // namespace reconcile
