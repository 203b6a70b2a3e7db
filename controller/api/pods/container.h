// This file declares containers (core/v1) with the fields that the operator uses. The types are
// plain values and can be used on any thread.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (v1.34)
#pragma once

#include "api/meta.h"
#include "api/quantity.h"
#include "json/raw.h"

namespace api {

struct LocalObjectReference {
  std::string name;
  bool operator==(const LocalObjectReference&) const = default;
};

struct ResourceRequirements {
  std::map<std::string, Quantity> limits;
  std::map<std::string, Quantity> requests;
  bool operator==(const ResourceRequirements&) const = default;
};

struct EnvVar {
  std::string name;
  std::string value;
  bool operator==(const EnvVar&) const = default;
};

struct VolumeMount {
  std::string name;
  std::string mount_path;
  bool operator==(const VolumeMount&) const = default;
};

struct ContainerPort {
  std::string name;
  std::string protocol;
  int container_port = 0;
  bool operator==(const ContainerPort&) const = default;
};

struct HttpGetAction {
  std::string path;
  IntOrString port;
  std::string scheme;
  bool operator==(const HttpGetAction&) const = default;
};

struct ExecAction {
  std::vector<std::string> command;
  bool operator==(const ExecAction&) const = default;
};

struct Probe {
  std::optional<HttpGetAction> http_get;
  std::optional<ExecAction> exec;
  int initial_delay_seconds = 0;
  int timeout_seconds = 0;
  int period_seconds = 0;
  int success_threshold = 0;
  int failure_threshold = 0;
  bool operator==(const Probe&) const = default;
};

struct Capabilities {
  std::vector<std::string> drop;
  std::vector<std::string> add;
  bool operator==(const Capabilities&) const = default;
};

struct SecurityProfile {  // seccompProfile and appArmorProfile
  std::string type;
  bool operator==(const SecurityProfile&) const = default;
};

struct SecurityContext {
  std::optional<bool> run_as_non_root;
  std::optional<std::int64_t> run_as_user;
  std::optional<std::int64_t> run_as_group;
  std::optional<bool> read_only_root_filesystem;
  std::optional<bool> allow_privilege_escalation;
  std::optional<bool> privileged;
  std::optional<Capabilities> capabilities;
  std::optional<SecurityProfile> seccomp_profile;
  std::optional<SecurityProfile> app_armor_profile;
  bool operator==(const SecurityContext&) const = default;
};

struct Container {
  std::string name;
  std::string image;
  std::string image_pull_policy;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::vector<EnvVar> env;
  std::vector<ContainerPort> ports;
  ResourceRequirements resources;
  std::vector<VolumeMount> volume_mounts;
  std::optional<Probe> liveness_probe;
  std::optional<Probe> readiness_probe;
  std::string termination_message_policy;
  std::optional<SecurityContext> security_context;
  bool operator==(const Container&) const = default;
};

}  // namespace api

template <>
struct json::Fields<api::LocalObjectReference> {
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &api::LocalObjectReference::name));
};

template <>
struct json::Fields<api::ResourceRequirements> {
  using T = api::ResourceRequirements;
  static constexpr auto kTable =
      std::make_tuple(json::field("limits", &T::limits), json::field("requests", &T::requests));
};

template <>
struct json::Fields<api::EnvVar> {
  using T = api::EnvVar;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("value", &T::value));
};

template <>
struct json::Fields<api::VolumeMount> {
  using T = api::VolumeMount;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("mountPath", &T::mount_path));
};

template <>
struct json::Fields<api::ContainerPort> {
  using T = api::ContainerPort;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("protocol", &T::protocol),
                      json::field("containerPort", &T::container_port));
};

template <>
struct json::Fields<api::HttpGetAction> {
  using T = api::HttpGetAction;
  static constexpr auto kTable =
      std::make_tuple(json::field("path", &T::path), json::field("port", &T::port),
                      json::field("scheme", &T::scheme));
};

template <>
struct json::Fields<api::ExecAction> {
  static constexpr auto kTable = std::make_tuple(json::field("command", &api::ExecAction::command));
};

template <>
struct json::Fields<api::Probe> {
  using T = api::Probe;
  static constexpr auto kTable =
      std::make_tuple(json::field("httpGet", &T::http_get), json::field("exec", &T::exec),
                      json::field("initialDelaySeconds", &T::initial_delay_seconds),
                      json::field("timeoutSeconds", &T::timeout_seconds),
                      json::field("periodSeconds", &T::period_seconds),
                      json::field("successThreshold", &T::success_threshold),
                      json::field("failureThreshold", &T::failure_threshold));
};

template <>
struct json::Fields<api::Capabilities> {
  using T = api::Capabilities;
  static constexpr auto kTable =
      std::make_tuple(json::field("drop", &T::drop), json::field("add", &T::add));
};

template <>
struct json::Fields<api::SecurityProfile> {
  static constexpr auto kTable = std::make_tuple(json::field("type", &api::SecurityProfile::type));
};

template <>
struct json::Fields<api::SecurityContext> {
  using T = api::SecurityContext;
  static constexpr auto kTable = std::make_tuple(
      json::field("runAsNonRoot", &T::run_as_non_root), json::field("runAsUser", &T::run_as_user),
      json::field("runAsGroup", &T::run_as_group),
      json::field("readOnlyRootFilesystem", &T::read_only_root_filesystem),
      json::field("allowPrivilegeEscalation", &T::allow_privilege_escalation),
      json::field("privileged", &T::privileged), json::field("capabilities", &T::capabilities),
      json::field("seccompProfile", &T::seccomp_profile),
      json::field("appArmorProfile", &T::app_armor_profile));
};

template <>
struct json::Fields<api::Container> {
  using T = api::Container;
  static constexpr auto kTable = std::make_tuple(
      json::field("name", &T::name), json::field("image", &T::image),
      json::field("imagePullPolicy", &T::image_pull_policy), json::field("command", &T::command),
      json::field("args", &T::args), json::keyed("env", &T::env, &api::EnvVar::name),
      json::keyed("ports", &T::ports, &api::ContainerPort::container_port),
      json::field("resources", &T::resources),
      json::keyed("volumeMounts", &T::volume_mounts, &api::VolumeMount::mount_path),
      json::field("livenessProbe", &T::liveness_probe),
      json::field("readinessProbe", &T::readiness_probe),
      json::field("terminationMessagePolicy", &T::termination_message_policy),
      json::field("securityContext", &T::security_context));
};
