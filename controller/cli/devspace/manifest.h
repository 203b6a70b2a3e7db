// These types are the LocalRegistry that an import prints. They hold only what the devspace.yaml
// sets; the CRD supplies the default values. The types are plain values and can be used on any
// thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/local_registry.h"
#include "json/fields.h"

namespace cli::manifest {

struct Metadata {
  std::string name;
  std::string namespace_name;
};

struct Persistence {
  std::optional<bool> enabled;
  std::string size;
  std::string storage_class_name;
};

struct Spec {
  std::optional<bool> enabled;
  std::optional<bool> localbuild;
  std::string namespace_name;
  std::string name;
  std::string image;
  std::string buildkit_image;
  int port = 0;
  Persistence persistence;
  std::vector<api::ImageSpec> images;
};

struct Manifest {
  std::string api_version;
  std::string kind;
  Metadata metadata;
  std::optional<Spec> spec;
};

}  // namespace cli::manifest

template <>
struct json::Fields<cli::manifest::Metadata> {
  using T = cli::manifest::Metadata;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("namespace", &T::namespace_name));
};

template <>
struct json::Fields<cli::manifest::Persistence> {
  using T = cli::manifest::Persistence;
  static constexpr auto kTable =
      std::make_tuple(json::field("enabled", &T::enabled), json::field("size", &T::size),
                      json::field("storageClassName", &T::storage_class_name));
};

template <>
struct json::Fields<cli::manifest::Spec> {
  using T = cli::manifest::Spec;
  static constexpr auto kTable = std::make_tuple(
      json::field("enabled", &T::enabled), json::field("localbuild", &T::localbuild),
      json::field("namespace", &T::namespace_name), json::field("name", &T::name),
      json::field("image", &T::image), json::field("buildKitImage", &T::buildkit_image),
      json::field("port", &T::port), json::field("persistence", &T::persistence),
      json::keyed("images", &T::images, &api::ImageSpec::name));
};

template <>
struct json::Fields<cli::manifest::Manifest> {
  using T = cli::manifest::Manifest;
  static constexpr auto kTable =
      std::make_tuple(json::field("apiVersion", &T::api_version), json::field("kind", &T::kind),
                      json::field("metadata", &T::metadata), json::field("spec", &T::spec));
};
