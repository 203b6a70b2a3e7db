// This file reads metadata.managedFields: which manager owns which fields of an object. The
// operator reads it on demand and never caches it. The types are plain values and the functions are
// pure; both can be used on any thread.
// Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/meta.h"
#include "json/raw.h"

namespace api {

struct ManagedFieldsEntry {
  std::string manager;
  std::string subresource;  // empty: the object itself
  std::optional<base::Time> time;
  json::Raw fields;  // fieldsV1
  bool operator==(const ManagedFieldsEntry&) const = default;
};

struct ManagedFieldsMeta {
  std::string name;
  std::string resource_version;
  std::vector<ManagedFieldsEntry> managed_fields;
  bool operator==(const ManagedFieldsMeta&) const = default;
};

// An object of type T of which only metadata.managedFields is read. The list is empty if the
// metadata exceeds limits::kMetadataBytes.
template <class T>
struct ManagedFieldsOf {
  ManagedFieldsMeta metadata;
};
template <class T>
struct Resource<ManagedFieldsOf<T>> : Resource<T> {};

// Returns the manager other than `own` that wrote the field last; empty when there is none. Writes
// to a subresource, such as status, do not count. `path`: as json::differences returns it, for
// example "spec.template.spec.containers[registry].image".
std::string other_manager_of(const std::vector<ManagedFieldsEntry>& entries, std::string_view path,
                             std::string_view own);

// Returns when the object was last changed, by any manager; the epoch when no entry has a time.
// Writes to a subresource, such as status, do not count. The resolution is one second.
base::Time last_change(const std::vector<ManagedFieldsEntry>& entries);

}  // namespace api

template <>
struct json::Fields<api::ManagedFieldsEntry> {
  using T = api::ManagedFieldsEntry;
  static constexpr auto kTable = std::make_tuple(
      json::field("manager", &T::manager), json::field("subresource", &T::subresource),
      json::field("time", &T::time), json::field("fieldsV1", &T::fields));
};

template <>
struct json::Fields<api::ManagedFieldsMeta> {
  using T = api::ManagedFieldsMeta;
  static constexpr auto kTable = std::make_tuple(
      json::field("name", &T::name), json::field("resourceVersion", &T::resource_version),
      json::field("managedFields", &T::managed_fields));
};

template <class Object>
struct json::Fields<api::ManagedFieldsOf<Object>> {
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &api::ManagedFieldsOf<Object>::metadata));
};
