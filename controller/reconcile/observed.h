// The input of plan(): one LocalRegistry, its objects in the cluster, and what happened so far in
// this reconcile. Observed is a plain value, filled by operator/gather or by a golden test case; it
// can be used on any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/apps.h"
#include "api/local_registry.h"
#include "reconcile/children/child_table.h"
#include "reconcile/children/names.h"
#include "reconcile/contest/write_history.h"

namespace reconcile {

// A request that failed or was refused in this reconcile. It is not retried in the same reconcile.
// The role kLocalRegistry stands for every live read, and for writes of the LocalRegistry.
struct FailedRequest {
  ObjectRole role;
  base::Error error;
  int node_port = 0;  // the requested node port, if that port was refused; else 0
};

// A child under another name or in another namespace than the spec asks for now.
struct MisplacedChild {
  ObjectRole role;
  api::ObjectMeta metadata;
  int node_port = 0;  // of a Service; 0: the child has none
};

// The latest answer to the push check of an image, for the current generation of the spec.
struct PushCheck {
  std::string name;  // the image's name in spec.images
  api::PushPermission permission = api::PushPermission::kNotChecked;
  std::string message;
  bool running = false;  // a check is queued or runs
  base::Time next;       // when to check again, unless permission is granted
};

// Why the StatefulSet controller could not create the registry's pod, according to the events of
// the StatefulSet. The status of a StatefulSet has no condition for this failure.
struct PodRefusal {
  bool is_known = false;  // false: the events could not be read
  std::string message;    // the API server's answer; empty: no event reports one for this template
  base::Time changed;     // when the StatefulSet was last changed
};

struct Observed {
  // The LocalRegistry of the reconciled key; null when it is gone.
  std::shared_ptr<const api::LocalRegistry> registry;

  // Has one slot for each row of the child table: the object at the row's key, even if it is
  // foreign.
  ChildSlots slots;
  const auto& deployment() const { return slots.get<ObjectRole::kDeployment>(); }
  const auto& stateful_set() const { return slots.get<ObjectRole::kStatefulSet>(); }
  const auto& service() const { return slots.get<ObjectRole::kService>(); }
  const auto& pvc() const { return slots.get<ObjectRole::kPvc>(); }

  // Children under an earlier name or in an earlier namespace. If the LocalRegistry is gone: all
  // children.
  std::vector<MisplacedChild> misplaced_children;
  // Orphaned children: objects in other namespaces that were created for an earlier LocalRegistry
  // of this key.
  std::vector<MisplacedChild> orphans;
  std::vector<std::shared_ptr<const api::Pod>> pods;  // of this LocalRegistry

  std::shared_ptr<const api::Namespace> target_namespace;  // null when it does not exist
  bool target_watched = true;                              // false: outside of --watch-namespaces
  // False: the LocalRegistry's own namespace is outside of --watch-namespaces.
  bool owner_watched = true;
  // The namespaces of other_namespaces() that are outside of --watch-namespaces. Children there
  // cannot be removed.
  std::vector<std::string> unwatched_namespaces;
  std::vector<std::string> allowed_images;  // --allowed-images; empty: any
  bool kind_cluster = false;                // the nodes belong to a KinD cluster
  bool pvc_owner_may_exist = false;         // another LocalRegistry owns the PVC and may exist
  std::optional<api::ObjectKey> rival;      // another LocalRegistry that has the target name
  bool has_same_second_candidate = false;   // see rivalry.h

  std::vector<PushCheck> push_checks;
  WriteHistory history;  // includes the writes of this reconcile

  std::optional<PodRefusal> pod_refusal;  // nullopt: not read in this reconcile

  // True when a live read of the LocalRegistry and its children succeeded in this reconcile.
  bool live = false;
  std::vector<FailedRequest> failures;
  base::Time now;
  Instant instant;  // the same moment on the monotonic clock
};

// Returns the failure of a request about the object of that role; null when there is none. A
// refused node port is no failure here, because choose_node_port() chooses another port then.
const FailedRequest* find_failure(const Observed& observed, ObjectRole role);

// Returns true when the object in a slot of `observed` exists and belongs to the LocalRegistry.
template <class T>
bool is_child(const Observed& observed, const std::shared_ptr<const T>& object) {
  return object && belongs_to(object->metadata, *observed.registry);
}

}  // namespace reconcile
