// This file declares Deployment and StatefulSet (apps/v1) with the fields that the operator uses.
// The types are plain values and can be used on any thread.
#pragma once

#include "api/core.h"

namespace api {

struct LabelSelector {
  StringMap match_labels;
  bool operator==(const LabelSelector&) const = default;
};

struct DeploymentStrategy {
  std::string type;
  json::Raw rolling_update;
  bool operator==(const DeploymentStrategy&) const = default;
};

struct DeploymentSpec {
  std::optional<int> replicas;
  LabelSelector selector;
  DeploymentStrategy strategy;
  std::optional<int> revision_history_limit;
  PodTemplateSpec pod_template;
  bool operator==(const DeploymentSpec&) const = default;
};

// The status of a Deployment or a StatefulSet. available_replicas counts pods that are ready for at
// least minReadySeconds.
struct WorkloadStatus {
  std::int64_t observed_generation = 0;
  int replicas = 0;
  int updated_replicas = 0;
  int ready_replicas = 0;
  int available_replicas = 0;
  std::vector<Condition> conditions;
  bool operator==(const WorkloadStatus&) const = default;
};

struct Deployment {
  ObjectMeta metadata;
  DeploymentSpec spec;
  WorkloadStatus status;
  bool operator==(const Deployment&) const = default;
};

struct StatefulSetSpec {
  std::optional<int> replicas;
  LabelSelector selector;
  std::string service_name;
  std::string pod_management_policy;  // immutable
  std::optional<int> revision_history_limit;
  PodTemplateSpec pod_template;
  bool operator==(const StatefulSetSpec&) const = default;
};

struct StatefulSet {
  ObjectMeta metadata;
  StatefulSetSpec spec;
  WorkloadStatus status;
  bool operator==(const StatefulSet&) const = default;
};

template <>
struct Resource<Deployment> {
  static constexpr ResourceType kType = {"apps", "v1", "Deployment", "deployments"};
};
template <>
struct Resource<StatefulSet> {
  static constexpr ResourceType kType = {"apps", "v1", "StatefulSet", "statefulsets"};
};

}  // namespace api

template <>
struct json::Fields<api::LabelSelector> {
  static constexpr auto kTable =
      std::make_tuple(json::field("matchLabels", &api::LabelSelector::match_labels));
};

template <>
struct json::Fields<api::DeploymentStrategy> {
  static constexpr auto kTable =
      std::make_tuple(json::field("type", &api::DeploymentStrategy::type),
                      json::field("rollingUpdate", &api::DeploymentStrategy::rolling_update));
};

template <>
struct json::Fields<api::DeploymentSpec> {
  using T = api::DeploymentSpec;
  static constexpr auto kTable =
      std::make_tuple(json::field("replicas", &T::replicas), json::field("selector", &T::selector),
                      json::field("strategy", &T::strategy),
                      json::field("revisionHistoryLimit", &T::revision_history_limit),
                      json::field("template", &T::pod_template));
};

template <>
struct json::Fields<api::WorkloadStatus> {
  using T = api::WorkloadStatus;
  static constexpr auto kTable = std::make_tuple(
      json::field("observedGeneration", &T::observed_generation),
      json::field("replicas", &T::replicas), json::field("updatedReplicas", &T::updated_replicas),
      json::field("readyReplicas", &T::ready_replicas),
      json::field("availableReplicas", &T::available_replicas),
      json::keyed("conditions", &T::conditions, &api::Condition::type));
};

template <>
struct json::Fields<api::Deployment> {
  using T = api::Deployment;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec),
                      json::field("status", &T::status));
};

template <>
struct json::Fields<api::StatefulSetSpec> {
  using T = api::StatefulSetSpec;
  static constexpr auto kTable =
      std::make_tuple(json::field("replicas", &T::replicas), json::field("selector", &T::selector),
                      json::field("serviceName", &T::service_name),
                      json::field("podManagementPolicy", &T::pod_management_policy),
                      json::field("revisionHistoryLimit", &T::revision_history_limit),
                      json::field("template", &T::pod_template));
};

template <>
struct json::Fields<api::StatefulSet> {
  using T = api::StatefulSet;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec),
                      json::field("status", &T::status));
};

// apps.cpp instantiates these templates.
extern template struct json::TableCodec<api::DeploymentSpec>;
extern template struct json::TableCodec<api::Deployment>;
extern template struct json::TableCodec<api::WorkloadStatus>;
extern template struct json::TableCodec<api::StatefulSetSpec>;
extern template struct json::TableCodec<api::StatefulSet>;
extern template const json::Shape& json::shape_of<api::DeploymentSpec>();
extern template const json::Shape& json::shape_of<api::Deployment>();
extern template const json::Shape& json::shape_of<api::WorkloadStatus>();
extern template const json::Shape& json::shape_of<api::StatefulSetSpec>();
extern template const json::Shape& json::shape_of<api::StatefulSet>();
