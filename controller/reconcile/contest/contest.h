// Decides what to do about drift: the fields in which a child differs from its intent. The operator
// either heals the drift by applying the intent again, or leaves the child unchanged because the
// fields are contested. A field is contested when the API server's answer to an apply has another
// value than the applied one, when the field had to be healed too often, or when it differs while
// the bound of writes to its object is reached. Also computes the condition Converged. All
// functions are pure and can be called on any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reconcile/checks/acceptance.h"
#include "reconcile/children/names.h"
#include "reconcile/plan.h"
#include "reconcile/status/availability.h"

namespace reconcile {

// An object that differs from the intent.
struct Drift {
  ObjectRole role{};
  api::ObjectKey key;
  std::size_t intent = 0;           // fingerprint_of() the intended object
  std::vector<std::string> fields;  // paths of the first fields that differ
  bool was_applied = false;         // the API server accepted this intent before
};

// Returns the intent hash that an annotation of the child records; empty if there is none.
template <class T>
std::string intent_hash(const T& object) {
  return std::string(api::lookup(object.metadata.annotations, kIntentAnnotation));
}

// Returns the difference of an observed child from the intended one.
template <class T>
Drift drift_of(const T& wanted, const T& existing, ObjectRole role = role_of_type<T>()) {
  return {role, api::key_of(wanted.metadata), fingerprint_of(wanted),
          differing_fields(wanted, existing), intent_hash(wanted) == intent_hash(existing)};
}

// The decision about a drift. If `apply` is false and `record` is not set, the object is left
// unchanged.
struct DriftDecision {
  bool apply = false;
  // With `apply`: the first field that the apply heals; empty: it only retries contested fields.
  std::string healed;
  // If set, `apply` is false, and these fields must be recorded as contested, with their field
  // managers.
  std::optional<RecordContestedFields> record;
};
DriftDecision decide_drift(const Observed& observed, const Drift& drift);

// Returns whether a contest continues although its object has no drift now: a field was healed less
// than limits::kHealWindow ago, so another client may change it again.
bool is_in_heal_window(const FieldContest& contest, Instant now);

// Returns whether the field at `path` is contested for this intent; without `path`, whether any
// field of the drift is. The write history decides. If the history has no contest for the object,
// the condition Converged that an earlier process wrote decides.
bool is_contested(const Observed& observed, const Drift& drift, std::string_view path);
bool is_contested(const Observed& observed, const Drift& drift);

// Returns when the first of the contests is due for a retry; nullopt when there are no contests.
std::optional<Instant> next_try(const WriteHistory& history,
                                const std::vector<FieldContest>& contests, Instant now);

// Returns when the bound of writes to an object that is contested, or was within
// limits::kContestedWindow, allows the next write other than publishing a pod; nullopt: now.
std::optional<Instant> next_allowed_write(const WriteHistory& history, ObjectRole role,
                                          Instant now);

// Computes the condition Converged. `plan`: complete except for its status.
ConditionValue compute_converged(const Observed& observed, const std::optional<Refusal>& refusal,
                                 const Plan& plan);

}  // namespace reconcile
