// This file declares the objects that the simulated controllers and kubelet work on, as typed
// values. The simulation does not use the operator's types for them, because it would then overlook
// the same fields as the operator. The types are plain values; the functions are for one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/apps.h"
#include "kube/transport.h"
#include "sim/json_value.h"
#include "sim/read.h"

namespace sim {

struct RollingUpdate {
  std::optional<api::IntOrString> max_surge;
  std::optional<api::IntOrString> max_unavailable;
};

struct Strategy {
  std::string type;
  RollingUpdate rolling_update;
};

struct WorkloadSpec {
  std::optional<int> replicas;
  api::LabelSelector selector;
  Strategy strategy;         // of a Deployment
  Strategy update_strategy;  // of a StatefulSet
  std::string pod_management_policy;
  std::string service_name;
  std::optional<int> revision_history_limit;

  int wanted() const { return replicas.value_or(1); }
};

struct WorkloadState {
  std::int64_t observed_generation = 0;
  int replicas = 0;
  int ready_replicas = 0;
  int available_replicas = 0;
  int unavailable_replicas = 0;
  int updated_replicas = 0;
  int current_replicas = 0;
  int fully_labeled_replicas = 0;
  std::string current_revision;
  std::string update_revision;
  std::vector<api::Condition> conditions;
};

// A Deployment, a ReplicaSet or a StatefulSet.
struct Workload {
  api::ObjectMeta metadata;
  WorkloadSpec spec;
  WorkloadState status;
};

// The pod template of a workload.
struct PodTemplate {
  std::string text;  // JSON, members ordered by name, without the label pod-template-hash
  std::string hash;  // of the text
  api::StringMap labels;
};

// Returns the pod template. The reference is valid as long as the object exists.
const PodTemplate& template_of(const ObjectPtr& workload);

// True if the object has all of these labels.
bool has_labels(const api::ObjectMeta& meta, const api::StringMap& labels);

// Returns the owner reference with controller: true; null if there is none.
const api::OwnerReference* controller_of(const api::ObjectMeta& meta);

// Returns the message of a metav1.Status, such as a refusal.
std::string message_of(const kube::Response& answer);

bool is_ready(const Pod& pod);
bool is_finished(const Pod& pod);  // it succeeded or failed
bool is_active(const Pod& pod);    // neither finished nor being deleted

}  // namespace sim

template <>
struct json::Fields<sim::RollingUpdate> {
  using T = sim::RollingUpdate;
  static constexpr auto kTable = std::make_tuple(
      json::field("maxSurge", &T::max_surge), json::field("maxUnavailable", &T::max_unavailable));
};

template <>
struct json::Fields<sim::Strategy> {
  using T = sim::Strategy;
  static constexpr auto kTable = std::make_tuple(json::field("type", &T::type),
                                                 json::field("rollingUpdate", &T::rolling_update));
};

template <>
struct json::Fields<sim::WorkloadSpec> {
  using T = sim::WorkloadSpec;
  static constexpr auto kTable = std::make_tuple(
      json::field("replicas", &T::replicas), json::field("selector", &T::selector),
      json::field("strategy", &T::strategy), json::field("updateStrategy", &T::update_strategy),
      json::field("podManagementPolicy", &T::pod_management_policy),
      json::field("serviceName", &T::service_name),
      json::field("revisionHistoryLimit", &T::revision_history_limit));
};

template <>
struct json::Fields<sim::WorkloadState> {
  using T = sim::WorkloadState;
  static constexpr auto kTable = std::make_tuple(
      json::field("observedGeneration", &T::observed_generation),
      json::field("replicas", &T::replicas), json::field("readyReplicas", &T::ready_replicas),
      json::field("availableReplicas", &T::available_replicas),
      json::field("unavailableReplicas", &T::unavailable_replicas),
      json::field("updatedReplicas", &T::updated_replicas),
      json::field("currentReplicas", &T::current_replicas),
      json::field("fullyLabeledReplicas", &T::fully_labeled_replicas),
      json::field("currentRevision", &T::current_revision),
      json::field("updateRevision", &T::update_revision),
      json::keyed("conditions", &T::conditions, &api::Condition::type));
};

template <>
struct json::Fields<sim::Workload> {
  using T = sim::Workload;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec),
                      json::field("status", &T::status));
};
