// Decides when drift is healed and when it is left unchanged, and computes the condition Converged.
// A field is contested when the API server's answer to an apply differs in it from what was
// applied, or when it had to be healed too often. All functions are pure and can be called on any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reconcile/acceptance.h"
#include "reconcile/availability.h"
#include "reconcile/names.h"
#include "reconcile/plan.h"

namespace reconcile {

// An object that differs from the intent.
struct Drift {
  ObjectKind kind{};
  api::ObjectKey key;
  std::size_t intent = 0;           // digest_of() the intended object
  std::vector<std::string> fields;  // paths of the first fields that differ
  bool was_applied = false;         // the API server accepted this intent before
};

// The target of actions on objects of type T.
template <class T>
constexpr ObjectKind kind_for();
template <>
constexpr ObjectKind kind_for<api::Deployment>() {
  return ObjectKind::kDeployment;
}
template <>
constexpr ObjectKind kind_for<api::StatefulSet>() {
  return ObjectKind::kStatefulSet;
}
template <>
constexpr ObjectKind kind_for<api::Service>() {
  return ObjectKind::kService;
}
template <>
constexpr ObjectKind kind_for<api::PersistentVolumeClaim>() {
  return ObjectKind::kPvc;
}

// Returns the hash of the intended object, which is recorded on each child; empty: there is none.
template <class T>
std::string intent_hash(const T& object) {
  return std::string(api::lookup(object.metadata.annotations, kIntentAnnotation));
}

// Returns the difference of an observed child from the intended one.
template <class T>
Drift drift_of(const T& wanted, const T& existing) {
  return {kind_for<T>(), api::key_of(wanted.metadata), digest_of(wanted),
          differing_fields(wanted, existing), intent_hash(wanted) == intent_hash(existing)};
}

// The decision about a drift.
struct DriftDecision {
  bool apply = false;
  // With `apply`: the first field that the apply heals; empty: it only retries contested fields.
  std::string healed;
  // Set instead of `apply`: the fields have to be recorded as contested, with their field managers.
  std::optional<RecordContestedFields> record;
};
DriftDecision decide_drift(const Observed& observed, const Drift& drift);

// Whether a contest goes on although its object has no drift now: a field was healed less than
// limits::kHealWindow ago, and may be changed again.
bool is_in_heal_window(const FieldContest& contest, Instant now);

// Whether the field at `path`, or any field of the drift, is contested for this intent. The write
// history decides. If it has no contest for the object, the condition Converged of an earlier
// process decides.
bool is_contested(const Observed& observed, const Drift& drift, std::string_view path);
bool is_contested(const Observed& observed, const Drift& drift);

// Returns when the first of the contests is due for a retry; nullopt when there are no contests.
std::optional<Instant> next_try(const std::vector<FieldContest>& contests, Instant now);

// Computes the condition Converged. plan: complete except for its status.
ConditionValue compute_converged(const Observed& observed, const std::optional<Refusal>& refusal,
                                 const Plan& plan);

}  // namespace reconcile
