// This file declares Pods and their templates (core/v1) with the fields that the operator uses. The
// types are plain values and can be used on any thread.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (v1.34)
#pragma once

#include "api/meta.h"
#include "api/pods/container.h"
#include "api/quantity.h"
#include "json/raw.h"

namespace api {

struct EmptyDirVolumeSource {
  std::optional<Quantity> size_limit;
  bool operator==(const EmptyDirVolumeSource&) const = default;
};

struct PersistentVolumeClaimVolumeSource {
  std::string claim_name;
  bool operator==(const PersistentVolumeClaimVolumeSource&) const = default;
};

struct Volume {
  std::string name;
  std::optional<EmptyDirVolumeSource> empty_dir;
  std::optional<PersistentVolumeClaimVolumeSource> persistent_volume_claim;
  bool operator==(const Volume&) const = default;
};

struct Toleration {
  std::string key;
  std::string operation;  // the field `operator`, a keyword of C++
  std::string value;
  std::string effect;
  std::optional<std::int64_t> toleration_seconds;
  bool operator==(const Toleration&) const = default;
};

struct Sysctl {
  std::string name;
  std::string value;
  bool operator==(const Sysctl&) const = default;
};

struct PodSecurityContext {
  std::optional<bool> run_as_non_root;
  std::optional<std::int64_t> run_as_user;
  std::optional<std::int64_t> run_as_group;
  std::optional<std::int64_t> fs_group;
  std::string fs_group_change_policy;
  std::optional<SecurityProfile> seccomp_profile;
  std::vector<Sysctl> sysctls;
  bool operator==(const PodSecurityContext&) const = default;
};

struct PodSpec {
  std::vector<Container> containers;
  std::vector<Volume> volumes;
  std::vector<LocalObjectReference> image_pull_secrets;
  std::optional<PodSecurityContext> security_context;
  std::optional<bool> enable_service_links;
  std::optional<bool> automount_service_account_token;
  std::optional<std::int64_t> termination_grace_period_seconds;
  std::string priority_class_name;
  StringMap node_selector;
  std::vector<Toleration> tolerations;
  json::Raw affinity;
  bool operator==(const PodSpec&) const = default;
};

struct PodTemplateSpec {
  ObjectMeta metadata;
  PodSpec spec;
  bool operator==(const PodTemplateSpec&) const = default;
};

// Reasons of a container that waits as every container does before it starts.
inline constexpr std::string_view kContainerCreating = "ContainerCreating";
inline constexpr std::string_view kPodInitializing = "PodInitializing";

struct ContainerStateWaiting {
  std::string reason;
  std::string message;
  bool operator==(const ContainerStateWaiting&) const = default;
};

struct ContainerStateRunning {
  std::optional<base::Time> started_at;
  bool operator==(const ContainerStateRunning&) const = default;
};

struct ContainerStateTerminated {
  std::string reason;   // "Error", "OOMKilled", "Completed", …
  std::string message;  // the end of the container's log, by terminationMessagePolicy
  int exit_code = 0;
  bool operator==(const ContainerStateTerminated&) const = default;
};

struct ContainerState {
  std::optional<ContainerStateWaiting> waiting;
  std::optional<ContainerStateRunning> running;
  std::optional<ContainerStateTerminated> terminated;
  bool operator==(const ContainerState&) const = default;
};

struct ContainerStatus {
  std::string name;
  bool ready = false;
  int restart_count = 0;
  ContainerState state;
  ContainerState last_state;  // of the previous run
  bool operator==(const ContainerStatus&) const = default;
};

struct PodStatus {
  std::string phase;
  std::string reason;  // why the kubelet refused or evicted the Pod: "OutOfpods", "Evicted", …
  std::vector<Condition> conditions;
  std::vector<ContainerStatus> container_statuses;
  bool operator==(const PodStatus&) const = default;
};

// A Pod with only the fields that explain why a registry is not ready. Its spec is not read.
struct Pod {
  ObjectMeta metadata;
  PodStatus status;
  bool operator==(const Pod&) const = default;
};

}  // namespace api

template <>
struct json::Fields<api::EmptyDirVolumeSource> {
  static constexpr auto kTable =
      std::make_tuple(json::field("sizeLimit", &api::EmptyDirVolumeSource::size_limit));
};

template <>
struct json::Fields<api::PersistentVolumeClaimVolumeSource> {
  static constexpr auto kTable = std::make_tuple(
      json::field("claimName", &api::PersistentVolumeClaimVolumeSource::claim_name));
};

template <>
struct json::Fields<api::Volume> {
  using T = api::Volume;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("emptyDir", &T::empty_dir),
                      json::field("persistentVolumeClaim", &T::persistent_volume_claim));
};

template <>
struct json::Fields<api::Toleration> {
  using T = api::Toleration;
  static constexpr auto kTable =
      std::make_tuple(json::field("key", &T::key), json::field("operator", &T::operation),
                      json::field("value", &T::value), json::field("effect", &T::effect),
                      json::field("tolerationSeconds", &T::toleration_seconds));
};

template <>
struct json::Fields<api::Sysctl> {
  using T = api::Sysctl;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("value", &T::value));
};

template <>
struct json::Fields<api::PodSecurityContext> {
  using T = api::PodSecurityContext;
  static constexpr auto kTable = std::make_tuple(
      json::field("runAsNonRoot", &T::run_as_non_root), json::field("runAsUser", &T::run_as_user),
      json::field("runAsGroup", &T::run_as_group), json::field("fsGroup", &T::fs_group),
      json::field("fsGroupChangePolicy", &T::fs_group_change_policy),
      json::field("seccompProfile", &T::seccomp_profile), json::field("sysctls", &T::sysctls));
};

template <>
struct json::Fields<api::PodSpec> {
  using T = api::PodSpec;
  static constexpr auto kTable = std::make_tuple(
      json::keyed("containers", &T::containers, &api::Container::name),
      json::keyed("volumes", &T::volumes, &api::Volume::name),
      json::keyed("imagePullSecrets", &T::image_pull_secrets, &api::LocalObjectReference::name),
      json::field("securityContext", &T::security_context),
      json::field("enableServiceLinks", &T::enable_service_links),
      json::field("automountServiceAccountToken", &T::automount_service_account_token),
      json::field("terminationGracePeriodSeconds", &T::termination_grace_period_seconds),
      json::field("priorityClassName", &T::priority_class_name),
      json::field("nodeSelector", &T::node_selector), json::field("tolerations", &T::tolerations),
      json::field("affinity", &T::affinity));
};

template <>
struct json::Fields<api::PodTemplateSpec> {
  using T = api::PodTemplateSpec;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec));
};

template <>
struct json::Fields<api::ContainerStateWaiting> {
  using T = api::ContainerStateWaiting;
  static constexpr auto kTable =
      std::make_tuple(json::field("reason", &T::reason), json::field("message", &T::message));
};

template <>
struct json::Fields<api::ContainerStateRunning> {
  static constexpr auto kTable =
      std::make_tuple(json::field("startedAt", &api::ContainerStateRunning::started_at));
};

template <>
struct json::Fields<api::ContainerStateTerminated> {
  using T = api::ContainerStateTerminated;
  static constexpr auto kTable =
      std::make_tuple(json::field("reason", &T::reason), json::field("message", &T::message),
                      json::field("exitCode", &T::exit_code));
};

template <>
struct json::Fields<api::ContainerState> {
  using T = api::ContainerState;
  static constexpr auto kTable =
      std::make_tuple(json::field("waiting", &T::waiting), json::field("running", &T::running),
                      json::field("terminated", &T::terminated));
};

template <>
struct json::Fields<api::ContainerStatus> {
  using T = api::ContainerStatus;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("ready", &T::ready),
                      json::field("restartCount", &T::restart_count),
                      json::field("state", &T::state), json::field("lastState", &T::last_state));
};

template <>
struct json::Fields<api::PodStatus> {
  using T = api::PodStatus;
  static constexpr auto kTable = std::make_tuple(
      json::field("phase", &T::phase), json::field("reason", &T::reason),
      json::keyed("conditions", &T::conditions, &api::Condition::type),
      json::keyed("containerStatuses", &T::container_statuses, &api::ContainerStatus::name));
};

template <>
struct json::Fields<api::Pod> {
  using T = api::Pod;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("status", &T::status));
};

// pod.cpp instantiates these templates.
extern template struct json::TableCodec<api::PodSpec>;
extern template struct json::TableCodec<api::PodTemplateSpec>;
extern template struct json::TableCodec<api::PodStatus>;
extern template struct json::TableCodec<api::Pod>;
extern template const json::Shape& json::shape_of<api::PodSpec>();
extern template const json::Shape& json::shape_of<api::PodTemplateSpec>();
extern template const json::Shape& json::shape_of<api::PodStatus>();
extern template const json::Shape& json::shape_of<api::Pod>();
