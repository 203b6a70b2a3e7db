// Everything that plan() looks at: one resource, what is behind it, and what happened so far in
// this reconcile. A value, filled by operator/gather or by a golden case; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/apps.h"
#include "api/local_registry.h"
#include "reconcile/write_history.h"

namespace reconcile {

// The objects that the operator writes.
enum class Target { kResource, kDeployment, kStatefulSet, kService, kClaim };

// "Deployment", "StatefulSet", "Service", "PersistentVolumeClaim", "LocalRegistry".
std::string_view kind(Target target);

// A write that the API server refused, or that failed, in this reconcile: not tried again in it.
struct Failure {
  Target target;
  base::Error error;
  int node_port = 0;  // the port that was asked for, when that is what was refused
};

// An object of this resource under another name or in another namespace than the spec says now.
struct Leftover {
  Target target;
  api::ObjectMeta metadata;
  int node_port = 0;  // of a Service; 0: it has none
};

// What is known of an image's push permission for the spec as it is: the answer of its registry.
struct PushCheck {
  std::string name;  // in spec.images
  api::PushPermission permission = api::PushPermission::kNotChecked;
  std::string message;
  bool running = false;  // the registry is being asked
  base::Time next;       // when to ask again, unless it was granted
};

struct Observed {
  // What the key names; null when it is gone.
  std::shared_ptr<const api::LocalRegistry> registry;

  // The objects called spec.name in the target namespace, whoever owns them; null when absent.
  std::shared_ptr<const api::Deployment> deployment;
  std::shared_ptr<const api::StatefulSet> stateful_set;
  std::shared_ptr<const api::Service> service;
  std::shared_ptr<const api::PersistentVolumeClaim> claim;

  std::vector<Leftover> leftovers;
  // Objects in other namespaces that were created for an earlier resource of this key.
  std::vector<Leftover> orphans;
  std::vector<std::shared_ptr<const api::Pod>> pods;  // of this resource

  std::shared_ptr<const api::Namespace> target_namespace;  // null when there is none
  bool target_watched = true;                              // false: outside of --watch-namespaces
  bool owner_watched = true;                               // so is the resource's own
  // Of other_namespaces(): those outside of --watch-namespaces. What is there cannot be removed.
  std::vector<std::string> unwatched_namespaces;
  std::vector<std::string> allowed_images;  // --allowed-images; empty: any
  bool kind_cluster = false;                // the nodes are KinD's
  bool claim_owner_lives = false;           // the PVC belongs to another resource, which exists
  std::optional<api::ObjectKey> rival;      // the resource that has this name instead
  bool has_twin = false;                    // see rivalry.h

  std::vector<PushCheck> push_checks;
  WriteHistory history;  // of earlier reconciles and of this one

  // True when registry, children and claim were read from the API server in this reconcile.
  bool live = false;
  std::vector<Failure> failures;
  base::Time now;
  Instant instant;  // the same moment on the monotonic clock
};

// The failure of this reconcile for the target, refused node ports aside (those were an answer, and
// have a second choice); null when there is none.
const Failure* find_failure(const Observed& observed, Target target);

}  // namespace reconcile
