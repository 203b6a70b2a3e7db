#include "reconcile/contest/contest.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text/text.h"
#include "reconcile/status/reasons.h"

namespace reconcile {
namespace {

using api::condition_status::kFalse;
using api::condition_status::kTrue;
using api::condition_status::kUnknown;

constexpr std::string_view kAdmission = "an admission webhook or policy";
// Parts of the message of Converged: between two objects, and after the fields of one that has
// more.
constexpr std::string_view kNextObject = "; ";
constexpr std::string_view kMoreFields = " more fields";

// Returns "Deployment team-a/registry".
std::string describe(ObjectRole role, const api::ObjectKey& key) {
  return fmt::format("{} {}", kind_name(role), api::to_string(key));
}

constexpr std::size_t kUnreservedWrites =
    limits::kContestedWrites - limits::kContestedWritesReserved;

std::size_t writes_in_window(const ObjectWrites& writes, Instant now) {
  return static_cast<std::size_t>(
      std::count_if(writes.times.begin(), writes.times.end(),
                    [&](Instant time) { return time > now - limits::kContestedWindow; }));
}

// Returns whether another client or a policy keeps the Service from publishing its pod.
bool is_publishing_contested(const Observed& observed, const Drift& drift) {
  const FieldContest* contest = observed.history.find(drift.role);
  const ContestedField* field = contest == nullptr ? nullptr : contest->find(kPublishField);
  return is_healed_too_often(observed.history, drift.role, drift.intent, kPublishField,
                             observed.instant) ||
         (field != nullptr && field->by_answer);
}

// Returns whether the Service must begin to publish a pod that is not ready. Until it does, no node
// can pull.
bool has_to_publish(const Observed& observed, const Drift& drift) {
  return drift.role == ObjectRole::kService && observed.service() &&
         observed.service()->spec.publish_not_ready_addresses != api::Switch::kOn &&
         base::is_one_of(kPublishField, drift.fields) && !is_publishing_contested(observed, drift);
}

// Returns whether the bound of writes to an object that is contested, or was within
// limits::kContestedWindow, allows a write for this drift.
bool is_write_allowed(const Observed& observed, const Drift& drift) {
  const ObjectWrites* writes = observed.history.writes_to(drift.role);
  if (writes == nullptr || writes->intent != drift.intent) return true;
  return writes_in_window(*writes, observed.instant) <
         (has_to_publish(observed, drift) ? limits::kContestedWrites : kUnreservedWrites);
}

// Returns whether the status of an earlier process reports the field as contested, by its name or
// as one of "more fields", and the API server accepted this intent before. Then a restart of the
// operator alone causes no further write.
bool was_reported(const Observed& observed, const Drift& drift, std::string_view path) {
  const api::LocalRegistry& registry = *observed.registry;
  const api::Condition* converged =
      api::find_condition(registry.status.conditions, condition::kConverged);
  if (!drift.was_applied || converged == nullptr || converged->reason != reason::kFieldOverridden ||
      converged->observed_generation != registry.metadata.generation) {
    return false;
  }
  const std::string_view message = converged->message;
  const std::size_t begin = message.find(describe(drift.role, drift.key) + ": ");
  if (begin == std::string_view::npos) return false;
  const std::string_view fields = message.substr(begin, message.find(kNextObject, begin) - begin);
  return fields.find(stored_path(path)) != std::string_view::npos ||
         fields.find(kMoreFields) != std::string_view::npos;
}

// Returns the differing fields that have to be recorded as contested, and contested ones whose
// field manager is not known yet.
std::vector<std::string> fields_to_record(const Observed& observed, const Drift& drift,
                                          const FieldContest* contest) {
  std::vector<std::string> paths;
  const bool is_bound_reached = contest == nullptr && !is_write_allowed(observed, drift);
  for (const std::string& path : drift.fields) {
    const ContestedField* field = contest == nullptr ? nullptr : contest->find(path);
    const bool is_new =
        is_bound_reached ||
        is_healed_too_often(observed.history, drift.role, drift.intent, path, observed.instant) ||
        (contest == nullptr && was_reported(observed, drift, path));
    if (field == nullptr ? is_new : !field->manager_is_known) paths.push_back(path);
  }
  return paths;
}

// Returns "spec.replicas is changed by field manager scaler".
std::string describe(const ContestedField& field) {
  return fmt::format(
      "{} is changed by {}", field.path,
      field.manager.empty() ? std::string(kAdmission) : "field manager " + field.manager);
}

std::string describe(const Observed& observed, const FieldContest& contest) {
  std::string text = describe(contest.role, key_of_role(*observed.registry, contest.role)) + ": ";
  for (std::size_t i = 0; i < std::min(contest.fields.size(), limits::kContestedNamed); ++i) {
    if (i > 0) text += ", ";
    text += describe(contest.fields[i]);
  }
  if (contest.fields.size() > limits::kContestedNamed) {
    text += fmt::format(", and {}{}", contest.fields.size() - limits::kContestedNamed, kMoreFields);
  }
  return text;
}

ConditionValue overridden(const Observed& observed, const std::vector<FieldContest>& contests) {
  std::string text;
  for (const FieldContest& contest : contests) {
    if (!text.empty()) text += kNextObject;
    text += describe(observed, contest);
  }
  return {kFalse, std::string(reason::kFieldOverridden),
          text +
              "; stop that webhook, policy or controller from changing this object, or set the "
              "same value in the spec"};
}

const FailedRequest* find_any_failure(const Observed& observed) {
  for (const FailedRequest& failure : observed.failures) {
    if (failure.node_port == 0 || failure.node_port == observed.registry->spec.node_port) {
      return &failure;
    }
  }
  return nullptr;
}

bool is_write(const Action& action) {
  return !std::holds_alternative<ReadLive>(action) &&
         !std::holds_alternative<ReadPodRefusal>(action) &&
         !std::holds_alternative<CheckPush>(action);
}

}  // namespace

DriftDecision decide_drift(const Observed& observed, const Drift& drift) {
  DriftDecision decision;
  const FieldContest* contest = observed.history.find(drift.role);
  if (contest != nullptr && contest->intent != drift.intent) {  // a new intent is always tried
    decision.apply = true;
    decision.healed = drift.fields.front();
    return decision;
  }
  if (std::vector<std::string> recorded = fields_to_record(observed, drift, contest);
      !recorded.empty()) {
    const bool is_adopted = contest == nullptr && was_reported(observed, drift, recorded.front());
    decision.record = RecordContestedFields{
        drift.role, drift.key, drift.intent, std::move(recorded),
        is_adopted ? limits::kContestAdoptedRetry : limits::kContestFirstRetry};
    return decision;
  }
  const auto healed =
      std::find_if(drift.fields.begin(), drift.fields.end(), [&](const std::string& path) {
        return contest == nullptr || contest->find(path) == nullptr;
      });
  if (healed != drift.fields.end()) decision.healed = *healed;
  if (contest == nullptr) {
    decision.apply = true;
    return decision;
  }
  const bool is_due = !decision.healed.empty() || has_to_publish(observed, drift) ||
                      observed.instant >= contest->retry;
  decision.apply = is_due && is_write_allowed(observed, drift);
  return decision;
}

bool is_in_heal_window(const FieldContest& contest, Instant now) {
  const bool was_healed = std::any_of(contest.fields.begin(), contest.fields.end(),
                                      [](const auto& field) { return !field.by_answer; });
  return was_healed && now < contest.last_write + limits::kHealWindow;
}

bool is_contested(const Observed& observed, const Drift& drift, std::string_view path) {
  const FieldContest* contest = observed.history.find(drift.role);
  if (contest == nullptr) return was_reported(observed, drift, path);
  return contest->intent == drift.intent && contest->find(path) != nullptr;
}

bool is_contested(const Observed& observed, const Drift& drift) {
  return std::any_of(drift.fields.begin(), drift.fields.end(),
                     [&](const std::string& path) { return is_contested(observed, drift, path); });
}

std::optional<Instant> next_allowed_write(const WriteHistory& history, ObjectRole role,
                                          Instant now) {
  const ObjectWrites* writes = history.writes_to(role);
  if (writes == nullptr || writes_in_window(*writes, now) < kUnreservedWrites) return std::nullopt;
  return writes->times[writes->times.size() - kUnreservedWrites] + limits::kContestedWindow;
}

std::optional<Instant> next_try(const WriteHistory& history,
                                const std::vector<FieldContest>& contests, Instant now) {
  std::optional<Instant> next;
  for (const FieldContest& contest : contests) {
    Instant time = contest.retry;
    if (is_in_heal_window(contest, now))
      time = std::min(time, contest.last_write + limits::kHealWindow);
    // While the bound is reached, the next write may heal a field that is not contested, so it does
    // not wait for the retry.
    if (const auto allowed = next_allowed_write(history, contest.role, now)) {
      time = time <= now ? *allowed : std::min(time, *allowed);
    }
    if (!next || time < *next) next = time;
  }
  return next;
}

ConditionValue compute_converged(const Observed& observed, const std::optional<Refusal>& refusal,
                                 const Plan& plan) {
  if (observed.registry->spec.suspend) {
    return {kUnknown, std::string(reason::kSuspended),
            "spec.suspend is true: differences from the spec are not healed"};
  }
  if (refusal) {
    return {
        kUnknown, std::string(reason::kNotObserved),
        "the spec was refused (see condition Accepted), so the objects are not compared with it"};
  }
  if (!plan.contested.empty()) return overridden(observed, plan.contested);
  if (const FailedRequest* failure = find_any_failure(observed)) {
    const bool rejected = failure->error.code == base::ErrorCode::kInvalid;
    return {kFalse, std::string(rejected ? reason::kRejected : reason_of_failure(failure->error)),
            fmt::format("{}: {}",
                        describe(failure->role, key_of_role(*observed.registry, failure->role)),
                        failure->error.message)};
  }
  const auto writes = std::count_if(plan.actions.begin(), plan.actions.end(), is_write);
  if (writes > 0) {
    return {kFalse, std::string(reason::kApplying),
            "the objects kept changing while the operator wrote them; it tries again"};
  }
  if (!plan.waits_for.empty()) {
    return {kFalse, std::string(reason::kApplying), plan.waits_for};
  }
  return {kTrue, std::string(reason::kConverged),
          "every field that the operator manages has its intended value"};
}

}  // namespace reconcile
