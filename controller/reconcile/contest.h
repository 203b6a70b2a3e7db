// Contested fields: when drift is healed, when it is left, and what the condition Converged says.
// A field is contested when the API server's answer to an apply differs in it from what was
// applied, or when it had to be healed too often. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reconcile/acceptance.h"
#include "reconcile/availability.h"
#include "reconcile/plan.h"

namespace reconcile {

// An object that differs from what it should be.
struct Drift {
  Target target{};
  api::ObjectKey key;
  std::size_t intent = 0;           // digest_of() what it should be
  std::vector<std::string> fields;  // in which it differs, the first ones
  bool was_applied = false;         // the API server took this very intent before
};

// What to do about a drift.
struct DriftAnswer {
  bool apply = false;
  // Of an apply: the first field that is healed by it; empty: it only tries a contested one again.
  std::string healed;
  // Instead: the fields have to be recorded as contested, with their managers.
  std::optional<NoteOverride> note;
};
DriftAnswer judge_drift(const Observed& observed, const Drift& drift);

// The contest over an object that has no drift now. True: it may start again at any time, because
// the last heal was not long ago.
bool is_on_trial(const FieldContest& contest, Instant now);

// Whether the field, or any field, is contested for this very intent: by what is remembered, or by
// what the status of an earlier process reports.
bool is_contested(const Observed& observed, const Drift& drift, std::string_view path);
bool is_contested(const Observed& observed, const Drift& drift);

// When to look again at what is contested; nothing when there are no contests.
std::optional<Instant> next_try(const std::vector<FieldContest>& contests, Instant now);

// The condition Converged. plan: as far as it is decided, without its status.
Judgement judge_convergence(const Observed& observed, const std::optional<Refusal>& refusal,
                            const Plan& plan);

}  // namespace reconcile
