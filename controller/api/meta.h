// This file declares the types that all Kubernetes objects share (metav1: metadata, conditions,
// type names), with the fields that the operator uses. The types are plain values and can be used
// on any thread. Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/time.h"
#include "json/fields.h"
#include "json/sieve/shape.h"

namespace api {

using StringMap = std::map<std::string, std::string>;

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  std::optional<bool> controller;
  std::optional<bool> block_owner_deletion;

  bool operator==(const OwnerReference&) const = default;
};

// The labels and annotations that the operator reads. All others are dropped from the API server's
// responses and never cached (json/sieve/sieve.h), so every key that the operator reads or writes
// must be listed here.
inline constexpr std::array kKeptLabels = {
    json::KeptKey{"app", limits::kLabelBytes},
    json::KeptKey{"app.kubernetes.io/", limits::kLabelBytes},
    json::KeptKey{"eks.amazonaws.com/compute-type", limits::kLabelBytes},
    json::KeptKey{"localregistry.dev/", limits::kLabelBytes},
    json::KeptKey{"pod-security.kubernetes.io/", limits::kLabelBytes},
    json::KeptKey{"type", limits::kLabelBytes}};
inline constexpr std::array kKeptAnnotations = {
    json::KeptKey{"localregistry.dev/owner", 63 + 1 + 253 + 2},  // "namespace/name", quoted
    json::KeptKey{"localregistry.dev/", limits::kMetadataBytes / 2},
    json::KeptKey{"k8s.io/initial-events-end", limits::kLabelBytes}};

// The memory, in bytes, that one decoded object of type T may take. If an object exceeds the limit,
// the members that do not fit are dropped (json/sieve/sieve.h).
template <class T>
inline constexpr std::size_t kObjectBytes = limits::kObjectBytes;

// managedFields is not a member, because the operator never caches it; see api/managed_fields.h.
struct ObjectMeta {
  std::string name;
  std::string namespace_name;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::optional<base::Time> creation_timestamp;
  std::optional<base::Time> deletion_timestamp;
  StringMap labels;
  StringMap annotations;
  std::vector<std::string> finalizers;
  std::vector<OwnerReference> owner_references;
  json::Completeness completeness =
      json::Completeness::kComplete;  // how much of the object the cache holds; not an API field

  bool operator==(const ObjectMeta&) const = default;
};

// Returns the members of `meta` that identify the object: name, namespace and uid. A patch with
// them gets a 409 when the object was recreated.
ObjectMeta identity_of(const ObjectMeta& meta);

// Returns the members of identity_of() and the resourceVersion, so that a write gets a 409 also
// when the object has changed since.
ObjectMeta version_of(const ObjectMeta& meta);

// The values of a condition's status (metav1.ConditionStatus).
namespace condition_status {

inline constexpr std::string_view kTrue = "True";
inline constexpr std::string_view kFalse = "False";
inline constexpr std::string_view kUnknown = "Unknown";

}  // namespace condition_status

// This is metav1.Condition. It also holds the conditions of workloads, PVCs and Pods, which do not
// have all of these fields.
struct Condition {
  std::string type;
  std::string status;  // one of condition_status
  std::string reason;
  std::string message;
  std::int64_t observed_generation = 0;
  std::optional<base::Time> last_transition_time;

  bool operator==(const Condition&) const = default;
};

// Returns the condition of this type; null when there is none.
const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);

// Returns true when there is a condition of this type, with the status True.
bool is_true(const std::vector<Condition>& conditions, std::string_view type);

// Returns the reason of the condition of this type; empty when there is none.
std::string_view reason_of(const std::vector<Condition>& conditions, std::string_view type);

// Returns the value of a label or annotation; empty when there is none.
std::string_view lookup(const StringMap& map, std::string_view key);

// The identity of an object. The work queue holds ObjectKeys.
struct ObjectKey {
  std::string namespace_name;  // empty for a cluster-scoped object
  std::string name;

  auto operator<=>(const ObjectKey&) const = default;
};

// Returns "namespace/name", or "name" for a cluster-scoped object.
std::string to_string(const ObjectKey& key);

// Returns the group of a key in the work queue. Groups take turns, so that no namespace delays the
// others (runtime/turns.h).
inline std::string_view fair_group(const ObjectKey& key) { return key.namespace_name; }

ObjectKey key_of(const ObjectMeta& meta);

// The names of a resource type in the API.
struct ResourceType {
  std::string_view group;  // empty: the core group
  std::string_view version;
  std::string_view kind;
  std::string_view plural;
  bool namespaced = true;
};

// Each resource type specialises this template with `static constexpr ResourceType kType`.
template <class T>
struct Resource;

// Returns the apiVersion of the type: "apps/v1", or "v1" for the core group.
std::string api_version(const ResourceType& type);

// Returns the JSON text of a whole object: apiVersion, kind and the members of its field table
// (json/fields.h).
template <class T>
std::string encode_object(const T& object) {
  json::Writer writer;
  writer.begin_object();
  writer.key("apiVersion");
  writer.string(api_version(Resource<T>::kType));
  writer.key("kind");
  writer.string(Resource<T>::kType.kind);
  json::Codec<T>::encode_members(writer, object);
  writer.end_object();
  return writer.take();
}

}  // namespace api

template <>
struct json::Fields<api::OwnerReference> {
  using T = api::OwnerReference;
  static constexpr auto kTable =
      std::make_tuple(json::field("apiVersion", &T::api_version), json::field("kind", &T::kind),
                      json::field("name", &T::name), json::field("uid", &T::uid),
                      json::field("controller", &T::controller),
                      json::field("blockOwnerDeletion", &T::block_owner_deletion));
};

template <>
struct json::Fields<api::ObjectMeta> {
  using T = api::ObjectMeta;
  static constexpr auto kTable = std::make_tuple(
      json::field("name", &T::name), json::field("namespace", &T::namespace_name),
      json::field("uid", &T::uid), json::field("resourceVersion", &T::resource_version),
      json::field("generation", &T::generation),
      json::field("creationTimestamp", &T::creation_timestamp),
      json::field("deletionTimestamp", &T::deletion_timestamp),
      json::limited("labels", &T::labels, api::kKeptLabels),
      json::limited("annotations", &T::annotations, api::kKeptAnnotations),
      json::field("finalizers", &T::finalizers),
      json::keyed("ownerReferences", &T::owner_references, &api::OwnerReference::uid));
};

template <>
struct json::Fields<api::Condition> {
  using T = api::Condition;
  static constexpr auto kTable =
      std::make_tuple(json::field("type", &T::type), json::field("status", &T::status),
                      json::field("reason", &T::reason), json::field("message", &T::message),
                      json::field("observedGeneration", &T::observed_generation),
                      json::field("lastTransitionTime", &T::last_transition_time));
};

// meta.cpp instantiates these templates.
extern template struct json::TableCodec<api::OwnerReference>;
extern template struct json::TableCodec<api::ObjectMeta>;
extern template struct json::TableCodec<api::Condition>;
extern template const json::Shape& json::shape_of<api::OwnerReference>();
extern template const json::Shape& json::shape_of<api::ObjectMeta>();
extern template const json::Shape& json::shape_of<api::Condition>();
