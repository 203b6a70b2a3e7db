// The decision: what is observed in, what to do out.
//
// Guarantees
//  * plan() is an ordinary function: the same Observed gives the same Plan.
//  * A converged resource gives a Plan without actions and without status.
//  * What is refused breaks nothing that runs: acceptance comes before every write.
//  * Every delete carries a uid; a claim's also a resourceVersion, and only after a live read.
// Assumptions
//  * The caller executes the Plan and plans again, until there are no actions or no passes left,
//  and
//    writes the status then. A failed write is put into Observed::failures before that, and each
//    write into Observed::history.
// Pure; any thread.
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

// A server-side apply of the full intent. uid empty: the object must not exist yet; otherwise it
// must be the very object that was observed, and with resource_version as it was observed.
template <class T>
struct Apply {
  T object;
  std::string uid;
  Cause cause = Cause::kCreate;
  std::string field;  // kHeal: the first field that differed, "spec.type"
  // Of a Service: who has its node port may be about to give it back; worth a few tries.
  bool port_may_come_free = false;
  std::string resource_version = {};

  bool operator==(const Apply&) const = default;
};

// Preconditions: uid always, resource_version when not empty.
struct Delete {
  Target target;
  api::ObjectKey key;
  std::string uid;
  std::string resource_version;
  bool keeps_pods = false;  // of a workload: the next one of its name adopts them
  bool is_orphan = false;   // of an earlier resource, in another namespace: see Observed::orphans

  bool operator==(const Delete&) const = default;
};

// A merge patch of a Deployment that somebody switched to RollingUpdate: an apply that says
// Recreate leaves that strategy's parameters, and is refused for them.
struct ResetStrategy {
  api::Deployment patch;
  std::size_t intent = 0;  // digest_of() the Deployment that is wanted

  bool operator==(const ResetStrategy&) const = default;
};

// A merge patch of a Service to which somebody added a port: an apply leaves the port there, and is
// refused when both have one node port.
struct ResetPorts {
  api::Service patch;

  bool operator==(const ResetPorts&) const = default;
};

// Adds or removes the operator's finalizer on the resource that was observed.
struct SetFinalizer {
  bool present = true;

  bool operator==(const SetFinalizer&) const = default;
};

// Read the resource and everything called spec.name from the API server, then plan again.
struct ReadLive {
  bool operator==(const ReadLive&) const = default;
};

// Ask the images' own registries whether they can be pushed, by their names in the spec. The answer
// comes later, as a PushCheck.
struct CheckPush {
  std::vector<std::string> images;

  bool operator==(const CheckPush&) const = default;
};

// Record that these fields of the object are contested (see write_history.h). Reads who manages
// them; writes nothing to the API server.
struct NoteOverride {
  Target target;
  api::ObjectKey key;
  std::size_t intent = 0;
  std::vector<std::string> fields;
  std::chrono::milliseconds retry_after{};

  bool operator==(const NoteOverride&) const = default;
};

using Action =
    std::variant<ReadLive, SetFinalizer, CheckPush, NoteOverride, Apply<api::PersistentVolumeClaim>,
                 Apply<api::Deployment>, Apply<api::StatefulSet>, Apply<api::Service>,
                 ResetStrategy, ResetPorts, Delete>;

// What the action writes.
Target target_of(const Action& action);

struct Plan {
  // Independent of each other: they may be executed in any order, or at once.
  std::vector<Action> actions;
  std::vector<FieldContest> contested;  // objects that are left as another client has them
  std::vector<Target> settled;          // objects over which there is no contest any more
  std::string waits_for;                // what has to end first: an object that is being deleted
  // Set when it differs from what the resource has. Written once there are no actions, or when the
  // reconcile has to end before.
  std::optional<api::LocalRegistryStatus> status;
  // Look again after this time, even when nothing changes.
  std::optional<std::chrono::milliseconds> requeue_after;
};

Plan plan(const Observed& observed);

}  // namespace reconcile
