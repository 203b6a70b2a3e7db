// This file simulates the controller of StatefulSets. Source: pkg/controller/statefulset of
// Kubernetes 1.34.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "api/coordination.h"
#include "sim/controllers.h"

namespace sim {
namespace {

constexpr std::string_view kUser = "system:workload-controller";
constexpr std::string_view kRevisionLabel = "controller-revision-hash";
constexpr int kNoOrdinal = -1;

// Returns the ordinal of a pod of this set; kNoOrdinal if the name is not that of such a pod.
int ordinal_of(const std::string& pod, const std::string& set) {
  if (!pod.starts_with(set + "-")) return kNoOrdinal;
  const std::string_view digits = std::string_view(pod).substr(set.size() + 1);
  int ordinal = kNoOrdinal;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), ordinal);
  return error == std::errc() && end == digits.end() ? ordinal : kNoOrdinal;
}

std::string update_revision(const ObjectPtr& set) {
  return fmt::format("{}-{}", set->key.name, template_of(set).hash);
}

std::string_view revision_of(const ObjectPtr& pod) {
  return api::lookup(read<Pod>(pod).metadata.labels, kRevisionLabel);
}

bool is_running_and_ready(const ObjectPtr& object) {
  const auto& pod = read<Pod>(object);
  return pod.status.phase == "Running" && is_ready(pod);
}

// True for a pod that is not available, and for a null pod, which must still be created.
bool is_unavailable(const ObjectPtr& pod) {
  return !pod || !is_ready(read<Pod>(pod)) || read<Pod>(pod).metadata.deletion_timestamp;
}

}  // namespace

void Controllers::run_stateful_set(const ObjectPtr& object) {
  const auto& set = read<Workload>(object);
  const auto claimed = claim(object, "pods", [&](const ObjectPtr& pod) {
    return ordinal_of(pod->key.name, object->key.name) != kNoOrdinal;
  });
  if (!claimed) return;
  const std::vector<ObjectPtr>& pods = *claimed;
  write_set_status(object, pods);
  if (set.metadata.deletion_timestamp) return;

  std::vector<ObjectPtr> replicas(static_cast<std::size_t>(set.spec.wanted()));
  std::vector<ObjectPtr> condemned;
  for (const ObjectPtr& pod : pods) {
    const auto ordinal = static_cast<std::size_t>(ordinal_of(pod->key.name, object->key.name));
    if (ordinal < replicas.size()) {
      replicas[ordinal] = pod;
    } else {
      condemned.push_back(pod);
    }
  }
  std::sort(condemned.begin(), condemned.end(), [&](const ObjectPtr& a, const ObjectPtr& b) {
    return ordinal_of(a->key.name, object->key.name) > ordinal_of(b->key.name, object->key.name);
  });
  ObjectPtr first_unavailable;
  const auto missing = std::find_if(replicas.begin(), replicas.end(), is_unavailable);
  if (missing == replicas.end()) {
    const auto found = std::find_if(condemned.rbegin(), condemned.rend(), is_unavailable);
    if (found != condemned.rend()) first_unavailable = *found;
  }
  const bool ordered = set.spec.pod_management_policy != "Parallel";
  if (!run_replicas(object, replicas, ordered)) return;
  if (scale_down_set(condemned, first_unavailable, ordered) && ordered) return;
  if (set.spec.update_strategy.type != "OnDelete") update_set(object, replicas);
}

// Creates and replaces the pods below the wanted number. An ordered set handles one pod after the
// other. A parallel set handles batches of growing size (1, 2, 4, and so on), and stops after a
// batch with a failure. Returns false if the rest of the work must wait.
bool Controllers::run_replicas(const ObjectPtr& set, const std::vector<ObjectPtr>& replicas,
                               bool ordered) {
  std::size_t end_of_batch = 1;
  bool failed = false;
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (i == end_of_batch) {
      if (failed) return false;
      end_of_batch = 2 * end_of_batch + 1;
    }
    const Replica result = run_replica(set, replicas[i], static_cast<int>(i));
    if (ordered && result != Replica::kGoesOn) return false;
    failed = failed || result == Replica::kFails;
  }
  return !failed;
}

Controllers::Replica Controllers::run_replica(const ObjectPtr& set, const ObjectPtr& pod,
                                              int ordinal) {
  if (!pod) {
    const std::string name = fmt::format("{}-{}", set->key.name, ordinal);
    const bool is_taken = server_.find("pods", {set->key.namespace_name, name}) != nullptr;
    if (is_taken || is_ending(set->key.namespace_name)) return Replica::kFails;
    const auto refused = refused_.find(set->uid);
    if (refused != refused_.end() && refused->second == set->revision) return Replica::kFails;
    due([this, set, name, ordinal] {
      const kube::Response created =
          create_pod(set, name,
                     {{std::string(kRevisionLabel), update_revision(set)},
                      {"statefulset.kubernetes.io/pod-name", name},
                      {"apps.kubernetes.io/pod-index", std::to_string(ordinal)}});
      if (created.status != 403) return;
      refused_[set->uid] = set->revision;
      record_event(set, name, created);
    });
    return Replica::kWaits;
  }
  const auto& is = read<Pod>(pod);
  if (is_finished(is)) {
    if (!is.metadata.deletion_timestamp) due([this, pod] { remove(pod, kUser); });
    return Replica::kWaits;
  }
  const bool waits = is.metadata.deletion_timestamp || !is_running_and_ready(pod);
  return waits ? Replica::kWaits : Replica::kGoesOn;
}

// Records an event about a pod that is refused, or that it is refused again. The status of a
// StatefulSet does not report it.
void Controllers::record_event(const ObjectPtr& set, const std::string& pod,
                               const kube::Response& refusal) {
  api::Event event;
  event.metadata.namespace_name = set->key.namespace_name;
  event.regarding = {"apps/v1",     "StatefulSet", set->key.namespace_name,
                     set->key.name, set->uid,      ""};
  event.type = "Warning";
  event.reason = "FailedCreate";
  event.action = "Create";
  event.reporting_controller = "statefulset-controller";
  event.reporting_instance = "manager-1";
  event.note = fmt::format("create Pod {} in StatefulSet {} failed error: {}", pod, set->key.name,
                           message_of(refusal));
  event.metadata.name =
      fmt::format("{}.{:x}", set->key.name, std::hash<std::string>()(event.note + set->uid));
  event.event_time.time = server_.wall();
  if (const ObjectPtr known = server_.find("events", api::key_of(event.metadata))) {
    const auto count = read<api::Event>(known).series.value_or(api::EventSeries{1, {}}).count + 1;
    patch(known, "",
          fmt::format(R"({{"series":{{"count":{},"lastObservedTime":"{}"}}}})", count,
                      base::format_micros(event.event_time.time)),
          kUser);
    return;
  }
  kube::Request request;
  request.method = kube::Method::kPost;
  request.target = path_of("events", {set->key.namespace_name, ""});
  request.content_type = "application/json";
  request.body = api::encode_object(event);
  server_.handle(request, kUser);
}

// Deletes the pods beyond the wanted number, the last one first. Returns true if an ordered set
// must wait for one of them.
bool Controllers::scale_down_set(const std::vector<ObjectPtr>& condemned,
                                 const ObjectPtr& first_unavailable, bool ordered) {
  for (const ObjectPtr& pod : condemned) {
    if (read<Pod>(pod).metadata.deletion_timestamp) {
      if (ordered) return true;
      continue;
    }
    if (ordered && !is_running_and_ready(pod) && pod != first_unavailable) return true;
    due([this, pod] { remove(pod, kUser); });
    if (ordered) return true;
  }
  return false;
}

// Deletes the last pod of an earlier revision, once all pods after it are available.
void Controllers::update_set(const ObjectPtr& set, const std::vector<ObjectPtr>& replicas) {
  const std::string revision = update_revision(set);
  for (auto pod = replicas.rbegin(); pod != replicas.rend(); ++pod) {
    if (*pod && revision_of(*pod) != revision && !read<Pod>(*pod).metadata.deletion_timestamp) {
      due([this, object = *pod] { remove(object, kUser); });
      return;
    }
    if (is_unavailable(*pod)) return;
  }
}

void Controllers::write_set_status(const ObjectPtr& object, const std::vector<ObjectPtr>& pods) {
  const auto& set = read<Workload>(object);
  const WorkloadState& is = set.status;
  WorkloadState next;
  next.update_revision = update_revision(object);
  next.current_revision = is.current_revision.empty() ? next.update_revision : is.current_revision;
  for (const ObjectPtr& pod : pods) {
    ++next.replicas;
    if (is_running_and_ready(pod)) ++next.ready_replicas;
    if (read<Pod>(pod).metadata.deletion_timestamp) continue;
    if (revision_of(pod) == next.current_revision) ++next.current_replicas;
    if (revision_of(pod) == next.update_revision) ++next.updated_replicas;
  }
  const int wanted = set.spec.wanted();
  if (set.spec.update_strategy.type == "RollingUpdate" && next.updated_replicas == wanted &&
      next.ready_replicas == wanted && next.replicas == wanted) {
    next.current_replicas = next.updated_replicas;
    next.current_revision = next.update_revision;
  }
  if (is.observed_generation == set.metadata.generation && is.replicas == next.replicas &&
      is.ready_replicas == next.ready_replicas && is.available_replicas == next.ready_replicas &&
      is.current_replicas == next.current_replicas &&
      is.updated_replicas == next.updated_replicas &&
      is.current_revision == next.current_revision && is.update_revision == next.update_revision) {
    return;
  }
  std::string body = fmt::format(
      R"({{"status":{{"observedGeneration":{},"replicas":{},"readyReplicas":{},)"
      R"("availableReplicas":{},"currentReplicas":{},"updatedReplicas":{},)"
      R"("currentRevision":"{}","updateRevision":"{}"}}}})",
      set.metadata.generation, next.replicas, next.ready_replicas, next.ready_replicas,
      next.current_replicas, next.updated_replicas, next.current_revision, next.update_revision);
  due([this, object, body = std::move(body)] { patch(object, "status", body, kUser); });
}

}  // namespace sim
