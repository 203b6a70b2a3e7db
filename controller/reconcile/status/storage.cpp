#include "reconcile/status/storage.h"

#include <fmt/core.h>

#include "base/text/quote.h"
#include "reconcile/checks/acceptance.h"
#include "reconcile/checks/decision.h"
#include "reconcile/children/children.h"
#include "reconcile/children/names.h"
#include "reconcile/status/availability.h"
#include "reconcile/status/reasons.h"

namespace reconcile {
namespace {

// Returns the state if the spec asks for a size or storage class to which the PVC cannot be
// changed; nullopt otherwise. The PVC stays unchanged.
std::optional<StorageState> refused_change(const Observed& observed) {
  const api::PersistenceSpec& wanted = observed.registry->spec.persistence;
  const api::PersistentVolumeClaimSpec& pvc = observed.pvc()->spec;
  const api::Quantity size = storage_of(pvc.resources.requests);
  if (api::is_less(requested_storage(*observed.registry), size)) {
    return StorageState{false, reason::kShrinkRefused,
                        fmt::format("PersistentVolumeClaim {} has {} and cannot shrink: set "
                                    "spec.persistence.size to {} or more",
                                    observed.pvc()->metadata.name, size.text, size.text)};
  }
  if (wanted.storage_class_name && pvc.storage_class_name &&
      *wanted.storage_class_name != *pvc.storage_class_name) {
    return StorageState{
        false, reason::kStorageClassChangeRefused,
        fmt::format(
            "the storage class {1} of PersistentVolumeClaim {0} cannot be changed: set "
            "spec.persistence.storageClassName to {1}, or delete the PersistentVolumeClaim, "
            "which deletes its images",
            observed.pvc()->metadata.name, base::shown(*pvc.storage_class_name))};
  }
  return std::nullopt;
}

// Returns the state for a failed write of the PVC.
StorageState state_of_failed_write(const Observed& observed, const base::Error& error) {
  const bool grows =
      observed.pvc() && api::is_less(storage_of(observed.pvc()->spec.resources.requests),
                                     requested_storage(*observed.registry));
  const bool refused = grows && !error.transient();
  return {false, refused ? reason::kExpansionRefused : reason_of_failure(error), error.message};
}

StorageState state_of_phase(const Observed& observed) {
  const api::PersistentVolumeClaim& pvc = *observed.pvc();
  const std::string& name = pvc.metadata.name;
  if (pvc.status.phase == "Lost") {
    return {false, reason::kLost,
            fmt::format("PersistentVolumeClaim {} has lost its PersistentVolume: restore the "
                        "volume, or delete the PersistentVolumeClaim to get an empty one",
                        name)};
  }
  if (pvc.status.phase != "Bound") {
    return {
        false, reason::kPending,
        fmt::format("PersistentVolumeClaim {} is not bound to a volume yet: see its events", name)};
  }
  const api::Quantity size = storage_of(pvc.spec.resources.requests);
  const api::Quantity capacity = storage_of(pvc.status.capacity);
  if (api::is_less(capacity, size)) {
    return {true, reason::kExpanding,
            fmt::format("PersistentVolumeClaim {} has {} and is being expanded to {}", name,
                        capacity.text, size.text)};
  }
  return {true, reason::kBound,
          fmt::format("PersistentVolumeClaim {} is bound and has {}", name, capacity.text)};
}

}  // namespace

StorageState compute_storage_ready(const Observed& observed) {
  const bool is_kept = observed.registry->spec.persistence.enabled && pvc_is_usable(observed);
  if (!is_deployed(observed) && !is_kept) {
    return {false, reason::kNotDeployed,
            "no registry is deployed, and no PersistentVolumeClaim has its images"};
  }
  if (!observed.registry->spec.persistence.enabled) {
    return {true, reason::kEphemeral,
            "images are stored in an emptyDir and are lost when the pod is replaced"};
  }
  if (const FailedRequest* failure = find_failure(observed, ObjectRole::kPvc)) {
    return state_of_failed_write(observed, failure->error);
  }
  if (!pvc_is_usable(observed)) {
    return {false, reason::kPending,
            fmt::format("PersistentVolumeClaim {} has not been created yet",
                        observed.registry->spec.name)};
  }
  if (is_terminating(observed.pvc()->metadata)) {
    return {false, reason::kDeleting,
            fmt::format(
                "PersistentVolumeClaim {} is being deleted; the operator then creates a new one",
                observed.pvc()->metadata.name)};
  }
  if (auto refused = refused_change(observed)) return *refused;
  return state_of_phase(observed);
}

}  // namespace reconcile
