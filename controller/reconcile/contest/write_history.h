// This file keeps the write history of one LocalRegistry: which fields the operator had to heal,
// and which fields other clients keep changing (contests). The executor of a plan records into it,
// and plan() reads it as a part of Observed. limits::kHealedFields and limits::kContestedFields
// limit its size. Paths are stored in the form that stored_path() returns. The types are plain
// values; the functions can be called on any thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/apps.h"
#include "base/limits.h"

namespace reconcile {

enum class ObjectRole;

// A time of the monotonic clock, because the wall clock may jump.
using Instant = std::chrono::steady_clock::time_point;

// The times at which one field was healed for one intent, the newest last; at most
// limits::kContestedWrites. A write whose answer has another value for the field counts as well.
struct HealedField {
  ObjectRole role{};
  std::string path;        // "spec.replicas"
  std::size_t intent = 0;  // fingerprint_of() the object that was applied
  std::vector<Instant> times;
  bool by_answer = false;  // as ContestedField::by_answer, of the last of these writes
};

struct ContestedField {
  std::string path;
  // True: the API server's answer to an apply differed from what was applied. False: the field was
  // healed again and again.
  bool by_answer = false;
  bool manager_is_known = false;
  std::string manager;  // the field manager that changes it; empty: an admission plugin, or unknown
};

// One object whose fields another client or an admission plugin keeps changing.
struct FieldContest {
  ObjectRole role{};
  std::size_t intent = 0;  // fingerprint_of() the object that was applied last
  std::vector<ContestedField> fields;
  int tries = 0;
  Instant last_write;
  Instant retry;  // the earliest time of an apply for these fields alone

  // Returns the contested field at `path`; null when there is none. `path` may have any length.
  const ContestedField* find(std::string_view path) const;
};

// The writes to one object that is contested, or was within limits::kContestedWindow. They count
// for the next contest too, so that a contest that ends and begins again causes no more writes.
struct ObjectWrites {
  ObjectRole role{};
  std::size_t intent = 0;      // fingerprint_of() the object that was applied last
  std::vector<Instant> times;  // newest last; at most limits::kContestedWrites
};

struct WriteHistory {
  std::vector<HealedField> healed;
  std::vector<FieldContest> contests;
  std::vector<ObjectWrites> writes;

  const FieldContest* find(ObjectRole role) const;
  const ObjectWrites* writes_to(ObjectRole role) const;  // null: there are none
  bool empty() const { return healed.empty() && contests.empty() && writes.empty(); }
};

// Returns the path if it has at most limits::kOverriddenBytes; otherwise its first bytes and a hash
// of it.
std::string stored_path(std::string_view path);

// Returns the heap memory that the history takes, in bytes.
std::size_t bytes_of(const WriteHistory& history);

// One write that succeeded.
struct WriteRecord {
  ObjectRole role{};
  std::size_t intent = 0;
  std::vector<std::string> healed;      // the fields that the write changed back
  std::vector<std::string> overridden;  // the fields that the API server's answer changed
  Instant now;
  // For an apply: the fields in which the object differed before; empty: unknown.
  std::vector<std::string> drifted = {};
  std::string part = {};   // only fields below this path were written; empty: all
  bool is_delete = false;  // the object was deleted to be recreated
};
void record_write(WriteHistory& history, const WriteRecord& write);

// Records that a write failed. If the object is contested for that intent, its next retry is
// delayed.
void record_failed_write(WriteHistory& history, ObjectRole role, std::size_t intent, Instant now);

// Fields of one object that become contested.
struct ContestRecord {
  ObjectRole role{};
  std::size_t intent = 0;
  std::map<std::string, std::string> managers;  // by path; as ContestedField::manager
  std::chrono::milliseconds retry_after{};      // until the first retry, if this begins a contest
  Instant now;
};
void record_contest(WriteHistory& history, const ContestRecord& record);

// Removes the contest over that object. The times of writes to it stay.
void end_contest(WriteHistory& history, ObjectRole role);

// Drops fields and objects that were last written more than limits::kContestedWindow ago. The
// writes to a contested object stay.
void forget_old_writes(WriteHistory& history, Instant now);

// Returns whether the field was healed so often for that intent that it must not be healed again:
// limits::kHealsInWindow times within limits::kHealWindow, or limits::kContestedWrites times within
// limits::kContestedWindow.
bool is_healed_too_often(const WriteHistory& history, ObjectRole role, std::size_t intent,
                         std::string_view path, Instant now);

// Returns a hash that distinguishes one intent from another within this process.
template <class T>
std::size_t fingerprint_of(const T& wanted) {
  return std::hash<std::string>()(api::encode_object(wanted));
}

// Whether a Service publishes pods that are not ready follows the state of its pod. It makes no new
// intent: otherwise a sidecar that fails again and again would lift limits::kContestedWrites.
std::size_t fingerprint_of(const api::Service& wanted);

// Returns whether the Service has a port that the API server does not accept together with the
// wanted port: a port with the same name or node port, or without a name.
bool has_conflicting_port(const api::Service& wanted, const api::Service& actual);

// Adds differences that a comparison field by field does not find. A selector counts as one value.
// The ports of a Service count as one value if one of them conflicts with the wanted port. The
// parameters of a rolling update must be absent.
void add_fields_compared_as_whole(const api::Deployment& wanted, const api::Deployment& actual,
                                  std::vector<std::string>& fields);
void add_fields_compared_as_whole(const api::StatefulSet& wanted, const api::StatefulSet& actual,
                                  std::vector<std::string>& fields);
void add_fields_compared_as_whole(const api::Service& wanted, const api::Service& actual,
                                  std::vector<std::string>& fields);
inline void add_fields_compared_as_whole(const auto&, const auto&, std::vector<std::string>&) {}

inline constexpr std::string_view kSelectorField = "spec.selector";
inline constexpr std::string_view kPodManagementField = "spec.podManagementPolicy";
inline constexpr std::string_view kIntentField =
    "metadata.annotations[localregistry.dev/intent-hash]";
inline constexpr std::string_view kStrategyField = "spec.strategy";
inline constexpr std::string_view kStrategyTypeField = "spec.strategy.type";
inline constexpr std::string_view kRollingUpdateField = "spec.strategy.rollingUpdate";
inline constexpr std::string_view kPortsField = "spec.ports";
inline constexpr std::string_view kPublishField = "spec.publishNotReadyAddresses";

// Returns the paths of the fields in which the object differs from the intent. The comparison field
// by field stops after limits::kContestedFields differences, and no more are returned.
template <class T>
std::vector<std::string> differing_fields(const T& wanted, const T& actual) {
  std::vector<std::string> fields = json::differences(wanted, actual, limits::kContestedFields);
  add_fields_compared_as_whole(wanted, actual, fields);
  if (fields.size() > limits::kContestedFields) fields.resize(limits::kContestedFields);
  return fields;
}

// Returns the record of a ResetStrategy patch. `answer`: the Deployment in the API server's
// response.
WriteRecord record_of_strategy(std::size_t intent, const api::Deployment& answer);

// Returns the record of a ResetPorts patch. `answer`: the Service in the API server's response.
WriteRecord record_of_ports(std::size_t intent, const api::Service& patch,
                            const api::Service& answer);

// Returns the fields that an update of an existing object heals. `drifted`: the fields in which the
// object differs. With `is_heal`, these are all of them. Without `is_heal`, the update applies a
// new intent and heals nothing, unless only the intent hash differs: then another client changed
// the hash.
std::vector<std::string> healed_fields(const std::vector<std::string>& drifted, bool is_heal);

}  // namespace reconcile
