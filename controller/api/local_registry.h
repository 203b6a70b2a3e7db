// This file declares LocalRegistry (localregistry.dev/v1alpha1), the resource that users write. The
// CRD schema sets default values and validates. The operator checks a value again where a wrong one
// would do harm. The types are plain values and can be used on any thread.
// Source: crds/localregistries.localregistry.dev.yaml
#pragma once

#include "api/core.h"

namespace api {

inline constexpr int kMaxPort = 65535;

enum class RetentionPolicy { kRetain, kDelete };

struct PersistenceSpec {
  bool enabled = false;
  Quantity size{"5Gi"};
  std::optional<std::string> storage_class_name;  // unset: the cluster's default
  RetentionPolicy when_deleted = RetentionPolicy::kRetain;
  bool operator==(const PersistenceSpec&) const = default;
};

// An image that the user builds, as in devspace.yaml.
struct ImageSpec {
  std::string name;   // the key in devspace.yaml's images
  std::string image;  // without tag: "ghcr.io/org/project/image"
  std::vector<std::string> tags;
  bool operator==(const ImageSpec&) const = default;
};

struct LocalRegistrySpec {
  std::optional<bool> enabled;  // unset: KinD and the images decide
  bool localbuild = false;
  std::string namespace_name;  // empty: the resource's own
  std::string name = "registry";
  std::string image = "registry:2.8.1";
  std::string buildkit_image = "moby/buildkit:master-rootless";
  int port = 5000;
  int node_port = 0;  // 0: assigned by the control plane
  PersistenceSpec persistence;
  std::vector<LocalObjectReference> image_pull_secrets;
  ResourceRequirements resources;
  ResourceRequirements buildkit_resources;
  std::string priority_class_name;  // empty: the cluster's default
  StringMap node_selector;
  std::vector<Toleration> tolerations;
  json::Raw affinity;
  bool suspend = false;
  std::vector<ImageSpec> images;
  std::vector<LocalObjectReference> push_secrets;  // in the resource's own namespace
  bool operator==(const LocalRegistrySpec&) const = default;
};

enum class Delivery { kUpstream, kLocalRegistry, kKindLoad };

// The result of an image's push check at its own registry.
enum class PushPermission { kNotChecked, kGranted, kDenied, kUnknown };

struct ImageStatus {
  std::string name;
  std::string image;
  PushPermission push_permission = PushPermission::kNotChecked;
  std::optional<Delivery> delivery;  // unset: the image is refused, or the delivery is not decided
  std::string resolved;              // the reference to use in Pods; empty while it is unknown
  std::string message;
  bool operator==(const ImageStatus&) const = default;
};

struct LocalRegistryStatus {
  std::int64_t observed_generation = 0;
  std::optional<Delivery> delivery;
  int node_port = 0;       // 0: there is no Service with a node port
  int last_node_port = 0;  // the port to request for the next Service; 0: none
  std::string url;
  std::string cluster_url;
  std::string workload;                       // "Deployment/registry"
  std::string volume_claim;                   // name of the PVC
  std::vector<std::string> other_namespaces;  // may hold its children
  // The resourceVersion with which the resource was created; empty if it was not needed. Of two
  // resources that were created in the same second and want the same name, it shows which is older.
  std::string first_resource_version;
  std::vector<ImageStatus> images;
  std::vector<Condition> conditions;
  bool operator==(const LocalRegistryStatus&) const = default;
};

struct LocalRegistry {
  ObjectMeta metadata;
  LocalRegistrySpec spec;
  LocalRegistryStatus status;
  bool operator==(const LocalRegistry&) const = default;
};

// Returns "Retain" or "Delete", as in .spec.persistence.whenDeleted.
std::string_view name(RetentionPolicy policy);

// Returns the value of .status.delivery, such as "LocalRegistry".
std::string_view name(Delivery delivery);

// Returns the value of .status.images[].pushPermission, such as "Granted".
std::string_view name(PushPermission permission);

// Returns the image of that name in spec.images; null when there is none. It points into
// `registry`.
const ImageSpec* find_image(const LocalRegistry& registry, std::string_view name);

// Returns the namespace in which the registry runs: spec.namespace, or the resource's own.
const std::string& target_namespace(const LocalRegistry& registry);

// The value of this label is spec.name. The pods have it, and selector_labels() includes it.
inline constexpr std::string_view kInstanceLabel = "app.kubernetes.io/instance";

// Returns the labels by which the workload and the Service select the pods.
StringMap selector_labels(const LocalRegistry& registry);

template <>
inline constexpr std::size_t kObjectBytes<LocalRegistry> = limits::kRegistryObjectBytes;

template <>
struct Resource<LocalRegistry> {
  static constexpr ResourceType kType = {"localregistry.dev", "v1alpha1", "LocalRegistry",
                                         "localregistries"};
};

// The members that the Leafs of enumerations share. The JSON value is the string name(value).
template <class T>
struct NamedLeaf {
  static void write(json::Writer& writer, T value) { writer.string(name(value)); }
  static bool absent(T) { return false; }
  static bool same(T a, T b) { return a == b; }
};

}  // namespace api

template <>
struct json::Leaf<api::RetentionPolicy> : api::NamedLeaf<api::RetentionPolicy> {
  static constexpr std::string_view kExpected = "Retain or Delete";
  static bool read(View view, api::RetentionPolicy& out);
  static bool absent(api::RetentionPolicy value) { return value == api::RetentionPolicy::kRetain; }
};

template <>
struct json::Leaf<api::Delivery> : api::NamedLeaf<api::Delivery> {
  static constexpr std::string_view kExpected = "LocalRegistry, KindLoad or Upstream";
  static bool read(View view, api::Delivery& out);
};

template <>
struct json::Leaf<api::PushPermission> : api::NamedLeaf<api::PushPermission> {
  static constexpr std::string_view kExpected = "Granted, Denied, Unknown or NotChecked";
  static bool read(View view, api::PushPermission& out);
};

template <>
struct json::Fields<api::ImageSpec> {
  using T = api::ImageSpec;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("image", &T::image),
                      json::field("tags", &T::tags));
};

template <>
struct json::Fields<api::ImageStatus> {
  using T = api::ImageStatus;
  static constexpr auto kTable = std::make_tuple(
      json::field("name", &T::name), json::field("image", &T::image),
      json::field("pushPermission", &T::push_permission), json::field("delivery", &T::delivery),
      json::field("resolved", &T::resolved), json::field("message", &T::message));
};

template <>
struct json::Fields<api::PersistenceSpec> {
  using T = api::PersistenceSpec;
  static constexpr auto kTable =
      std::make_tuple(json::field("enabled", &T::enabled), json::field("size", &T::size),
                      json::field("storageClassName", &T::storage_class_name),
                      json::field("whenDeleted", &T::when_deleted));
};

template <>
struct json::Fields<api::LocalRegistrySpec> {
  using T = api::LocalRegistrySpec;
  static constexpr auto kTable = std::make_tuple(
      json::field("enabled", &T::enabled), json::field("localbuild", &T::localbuild),
      json::field("namespace", &T::namespace_name), json::field("name", &T::name),
      json::field("image", &T::image), json::field("buildKitImage", &T::buildkit_image),
      json::field("port", &T::port), json::field("nodePort", &T::node_port),
      json::field("persistence", &T::persistence),
      json::keyed("imagePullSecrets", &T::image_pull_secrets, &api::LocalObjectReference::name),
      json::field("resources", &T::resources),
      json::field("buildKitResources", &T::buildkit_resources),
      json::field("priorityClassName", &T::priority_class_name),
      json::field("nodeSelector", &T::node_selector), json::field("tolerations", &T::tolerations),
      json::field("affinity", &T::affinity), json::field("suspend", &T::suspend),
      json::keyed("images", &T::images, &api::ImageSpec::name),
      json::keyed("pushSecrets", &T::push_secrets, &api::LocalObjectReference::name));
};

template <>
struct json::Fields<api::LocalRegistryStatus> {
  using T = api::LocalRegistryStatus;
  static constexpr auto kTable = std::make_tuple(
      json::field("observedGeneration", &T::observed_generation),
      json::field("delivery", &T::delivery), json::field("nodePort", &T::node_port),
      json::field("lastNodePort", &T::last_node_port), json::field("url", &T::url),
      json::field("clusterURL", &T::cluster_url), json::field("workload", &T::workload),
      json::field("volumeClaim", &T::volume_claim),
      json::field("otherNamespaces", &T::other_namespaces),
      json::field("firstResourceVersion", &T::first_resource_version),
      json::keyed("images", &T::images, &api::ImageStatus::name),
      json::keyed("conditions", &T::conditions, &api::Condition::type));
};

template <>
struct json::Fields<api::LocalRegistry> {
  using T = api::LocalRegistry;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("spec", &T::spec),
                      json::field("status", &T::status));
};

// local_registry.cpp instantiates these templates.
extern template struct json::TableCodec<api::LocalRegistrySpec>;
extern template struct json::TableCodec<api::LocalRegistryStatus>;
extern template struct json::TableCodec<api::LocalRegistry>;
extern template const json::Shape& json::shape_of<api::LocalRegistrySpec>();
extern template const json::Shape& json::shape_of<api::LocalRegistryStatus>();
extern template const json::Shape& json::shape_of<api::LocalRegistry>();
