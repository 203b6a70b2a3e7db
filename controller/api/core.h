// This file declares objects of the core group with the fields that the operator uses. The types
// are plain values and can be used on any thread.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/ (v1.34)
#pragma once

#include "api/meta.h"
#include "api/pods/pod.h"
#include "api/quantity.h"
#include "json/raw.h"

namespace api {

struct ServicePort {
  std::string name;
  std::string protocol;
  int port = 0;
  IntOrString target_port;
  int node_port = 0;
  bool operator==(const ServicePort&) const = default;
};

// A boolean that the API server omits when it is false. A comparison treats kOff and kUnset as
// equal. An apply sends kOff, but not kUnset: only kOff resets a `true` that another client set.
enum class Switch { kUnset, kOff, kOn };

struct ServiceSpec {
  std::string type;
  StringMap selector;
  std::vector<ServicePort> ports;
  std::string cluster_ip;
  Switch publish_not_ready_addresses = Switch::kUnset;
  bool operator==(const ServiceSpec&) const = default;
};

struct Service {
  ObjectMeta metadata;
  ServiceSpec spec;
  bool operator==(const Service&) const = default;
};

struct VolumeResourceRequirements {
  std::map<std::string, Quantity> requests;
  bool operator==(const VolumeResourceRequirements&) const = default;
};

struct PersistentVolumeClaimSpec {
  std::vector<std::string> access_modes;
  VolumeResourceRequirements resources;
  std::optional<std::string> storage_class_name;
  bool operator==(const PersistentVolumeClaimSpec&) const = default;
};

struct PersistentVolumeClaimStatus {
  std::string phase;  // "Pending", "Bound" or "Lost"
  std::map<std::string, Quantity> capacity;
  std::vector<Condition> conditions;
  bool operator==(const PersistentVolumeClaimStatus&) const = default;
};

struct PersistentVolumeClaim {
  ObjectMeta metadata;
  PersistentVolumeClaimSpec spec;
  PersistentVolumeClaimStatus status;
  bool operator==(const PersistentVolumeClaim&) const = default;
};

struct Namespace {
  ObjectMeta metadata;
  bool operator==(const Namespace&) const = default;
};

struct NodeSpec {
  std::string provider_id;
  bool operator==(const NodeSpec&) const = default;
};

struct NodeSystemInfo {
  std::string boot_id;
  std::string container_runtime_version;  // "containerd://2.1.4"
  std::string kubelet_version;
  std::string operating_system;  // "linux" or "windows"
  bool operator==(const NodeSystemInfo&) const = default;
};

struct NodeStatus {
  std::vector<Condition> conditions;
  NodeSystemInfo node_info;
  bool operator==(const NodeStatus&) const = default;
};

struct Node {
  ObjectMeta metadata;
  NodeSpec spec;
  NodeStatus status;
  bool operator==(const Node&) const = default;
};

template <>
struct Resource<Service> {
  static constexpr ResourceType kType = {"", "v1", "Service", "services"};
};
template <>
struct Resource<PersistentVolumeClaim> {
  static constexpr ResourceType kType = {"", "v1", "PersistentVolumeClaim",
                                         "persistentvolumeclaims"};
};
template <>
struct Resource<Pod> {
  static constexpr ResourceType kType = {"", "v1", "Pod", "pods"};
};
template <>
struct Resource<Namespace> {
  static constexpr ResourceType kType = {"", "v1", "Namespace", "namespaces", false};
};
template <>
struct Resource<Node> {
  static constexpr ResourceType kType = {"", "v1", "Node", "nodes", false};
};

}  // namespace api

template <>
struct json::Fields<api::ServicePort> {
  using T = api::ServicePort;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("protocol", &T::protocol),
                      json::field("port", &T::port), json::field("targetPort", &T::target_port),
                      json::field("nodePort", &T::node_port));
};

template <>
struct json::Leaf<api::Switch> {
  static constexpr std::string_view kExpected = Leaf<bool>::kExpected;
  static bool read(View view, api::Switch& out) {
    bool on = false;
    if (!Leaf<bool>::read(view, on)) return false;
    out = on ? api::Switch::kOn : api::Switch::kOff;
    return true;
  }
  static void write(Writer& writer, api::Switch value) {
    writer.boolean(value == api::Switch::kOn);
  }
  static bool absent(api::Switch value) { return value == api::Switch::kUnset; }
  static bool same(api::Switch wanted, api::Switch actual) {
    return (wanted == api::Switch::kOn) == (actual == api::Switch::kOn);
  }
};

template <>
struct json::Fields<api::ServiceSpec> {
  using T = api::ServiceSpec;
  static constexpr auto kTable =
      std::make_tuple(json::field("type", &T::type), json::field("selector", &T::selector),
                      json::keyed("ports", &T::ports, &api::ServicePort::port),
                      json::field("clusterIP", &T::cluster_ip),
                      json::field("publishNotReadyAddresses", &T::publish_not_ready_addresses));
};

template <>
struct json::Fields<api::Service> {
  using T = api::Service;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec));
};

template <>
struct json::Fields<api::VolumeResourceRequirements> {
  static constexpr auto kTable =
      std::make_tuple(json::field("requests", &api::VolumeResourceRequirements::requests));
};

template <>
struct json::Fields<api::PersistentVolumeClaimSpec> {
  using T = api::PersistentVolumeClaimSpec;
  static constexpr auto kTable = std::make_tuple(
      json::field("accessModes", &T::access_modes), json::field("resources", &T::resources),
      json::field("storageClassName", &T::storage_class_name));
};

template <>
struct json::Fields<api::PersistentVolumeClaimStatus> {
  using T = api::PersistentVolumeClaimStatus;
  static constexpr auto kTable =
      std::make_tuple(json::field("phase", &T::phase), json::field("capacity", &T::capacity),
                      json::keyed("conditions", &T::conditions, &api::Condition::type));
};

template <>
struct json::Fields<api::PersistentVolumeClaim> {
  using T = api::PersistentVolumeClaim;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec),
                      json::field("status", &T::status));
};

template <>
struct json::Fields<api::Namespace> {
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &api::Namespace::metadata));
};

template <>
struct json::Fields<api::NodeSpec> {
  static constexpr auto kTable =
      std::make_tuple(json::field("providerID", &api::NodeSpec::provider_id));
};

template <>
struct json::Fields<api::NodeSystemInfo> {
  using T = api::NodeSystemInfo;
  static constexpr auto kTable =
      std::make_tuple(json::field("bootID", &T::boot_id),
                      json::field("containerRuntimeVersion", &T::container_runtime_version),
                      json::field("kubeletVersion", &T::kubelet_version),
                      json::field("operatingSystem", &T::operating_system));
};

template <>
struct json::Fields<api::NodeStatus> {
  using T = api::NodeStatus;
  static constexpr auto kTable =
      std::make_tuple(json::keyed("conditions", &T::conditions, &api::Condition::type),
                      json::field("nodeInfo", &T::node_info));
};

template <>
struct json::Fields<api::Node> {
  using T = api::Node;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec),
                      json::field("status", &T::status));
};

// core.cpp instantiates these templates.
extern template struct json::TableCodec<api::ServiceSpec>;
extern template struct json::TableCodec<api::Service>;
extern template struct json::TableCodec<api::PersistentVolumeClaimSpec>;
extern template struct json::TableCodec<api::PersistentVolumeClaimStatus>;
extern template struct json::TableCodec<api::PersistentVolumeClaim>;
extern template struct json::TableCodec<api::Namespace>;
extern template const json::Shape& json::shape_of<api::ServiceSpec>();
extern template const json::Shape& json::shape_of<api::Service>();
extern template const json::Shape& json::shape_of<api::PersistentVolumeClaimSpec>();
extern template const json::Shape& json::shape_of<api::PersistentVolumeClaimStatus>();
extern template const json::Shape& json::shape_of<api::PersistentVolumeClaim>();
extern template const json::Shape& json::shape_of<api::Namespace>();
