// Decides what to do about one LocalRegistry: plan() turns an Observed into a Plan.
//
// Guarantees
//  * plan() is a pure function: the same Observed gives the same Plan.
//  * A converged LocalRegistry gets a Plan without actions and without status.
//  * A refused spec does not break a registry that runs: the plan checks the spec first.
//  * A delete is planned only after a live read. It carries the uid that was read, and for a PVC
//    also the resourceVersion.
// Assumptions
//  * The caller executes the Plan, adds each failed write to Observed::failures and each write to
//    Observed::history, and plans again. When a Plan has no actions, or no passes are left, the
//    caller writes the status.
// plan() can be called on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reconcile/observed.h"

namespace reconcile {

// Why an object is applied: for events and logs.
enum class Cause { kCreate, kUpdate, kHeal };

// A server-side apply of the full intent, with preconditions. If uid is empty, the object must not
// exist yet. Otherwise the object must have this uid and, if resource_version is not empty, this
// resourceVersion.
template <class T>
struct Apply {
  T object;
  std::string uid;
  Cause cause = Cause::kCreate;
  std::string field;  // kHeal: the first field that differed, "spec.type"
  // True for a Service if another Service may release the requested node port soon, so that a
  // refused create or update is worth a few retries.
  bool port_may_be_released_soon = false;
  std::string resource_version = {};
  ObjectRole role = role_of_type<T>();

  bool operator==(const Apply&) const = default;
};

// A delete. Its preconditions are the uid and, if not empty, resource_version.
struct Delete {
  ObjectRole role;
  api::ObjectKey key;
  std::string uid;
  std::string resource_version;
  bool keeps_pods = false;  // for a workload: the next workload of the same name adopts its pods
  bool is_orphan = false;   // an orphaned child: see Observed::orphans
  // If the object is deleted to be recreated: fingerprint_of() the intended object, and the fields
  // that cannot be healed without recreating the object.
  std::size_t intent = 0;
  std::vector<std::string> healed = {};

  bool operator==(const Delete&) const = default;
};

// A merge patch that sets a Deployment's strategy back to Recreate after another client switched it
// to RollingUpdate. An apply is not enough: it keeps spec.strategy.rollingUpdate, and the API
// server refuses these parameters with Recreate.
struct ResetStrategy {
  api::Deployment patch;
  std::size_t intent = 0;  // fingerprint_of() the intended Deployment

  bool operator==(const ResetStrategy&) const = default;
};

// A merge patch that removes a port that another client added to a Service. An apply is not enough:
// it keeps that port, and the API server refuses two ports with the same name or node port.
struct ResetPorts {
  api::Service patch;
  std::size_t intent = 0;  // fingerprint_of() the intended Service

  bool operator==(const ResetPorts&) const = default;
};

// Adds or removes the operator's finalizer on the observed LocalRegistry.
struct SetFinalizer {
  bool present = true;

  bool operator==(const SetFinalizer&) const = default;
};

// Reads the LocalRegistry, the objects at its target name and its children in other namespaces from
// the API server. Unless a read fails, the next plan() sees Observed::live.
struct ReadLive {
  bool operator==(const ReadLive&) const = default;
};

// Reads the events of a StatefulSet that has no pod. The result is in Observed::pod_refusal until
// the reconcile ends.
struct ReadPodRefusal {
  api::ObjectKey key;
  std::string uid;

  bool operator==(const ReadPodRefusal&) const = default;
};

// Starts push checks of these images (names in spec.images) at their own registries. A later
// reconcile finds the answers in Observed::push_checks.
struct CheckPush {
  std::vector<std::string> images;

  bool operator==(const CheckPush&) const = default;
};

// Records that these fields of the object are contested (see write_history.h). The executor reads
// their field managers, and writes nothing to the API server.
struct RecordContestedFields {
  ObjectRole role;
  api::ObjectKey key;
  std::size_t intent = 0;
  std::vector<std::string> fields;
  std::chrono::milliseconds retry_after{};

  bool operator==(const RecordContestedFields&) const = default;
};

// A std::variant of these actions and of an Apply for each type of children.
using Action = boost::mp11::mp_append<
    std::variant<ReadLive, ReadPodRefusal, SetFinalizer, CheckPush, RecordContestedFields,
                 ResetStrategy, ResetPorts, Delete>,
    boost::mp11::mp_rename<boost::mp11::mp_transform<Apply, ChildTypes>, std::variant>>;

// Returns the role of the object that the action is about.
ObjectRole role_of(const Action& action);

struct Plan {
  // The actions are independent of each other: they may be executed in any order, or at once.
  std::vector<Action> actions;
  std::vector<FieldContest> contested;     // objects whose contested fields are left unchanged
  std::vector<ObjectRole> ended_contests;  // objects whose contest has ended
  std::string waits_for;                   // the deletion to wait for, as a sentence; empty: none
  // The status to write; nullopt if it is unchanged. The caller writes it when a Plan has no
  // actions, or when the reconcile stops at limits::kPassesPerReconcile or limits::kPassesTime.
  std::optional<api::LocalRegistryStatus> status;
  // The time until the next reconcile, if no event causes an earlier one; nullopt: only an event
  // causes one.
  std::optional<std::chrono::milliseconds> requeue_after;
};

Plan plan(const Observed& observed);

}  // namespace reconcile
