#include "registry/upload/manifest.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/limits.h"
#include "crypto/digest.h"
#include "json/fields.h"

namespace registry {
namespace {

// The part of a config that lists its layers.
struct RootFilesystem {
  std::vector<std::string> diff_ids;
};

struct Config {
  RootFilesystem rootfs;
};

struct WrittenManifest {
  int schema_version = 2;
  std::string media_type;
  Descriptor config;
  std::vector<Descriptor> layers;
};

}  // namespace
}  // namespace registry

template <>
struct json::Fields<registry::Descriptor> {
  using Type = registry::Descriptor;
  static constexpr auto kTable = std::make_tuple(
      json::field("mediaType", &Type::media_type), json::field("digest", &Type::digest),
      json::field("size", &Type::size), json::field("annotations", &Type::annotations));
};

template <>
struct json::Fields<registry::Manifest> {
  using Type = registry::Manifest;
  static constexpr auto kTable = std::make_tuple(
      json::field("mediaType", &Type::media_type), json::field("config", &Type::config),
      json::field("layers", &Type::layers), json::field("manifests", &Type::manifests));
};

template <>
struct json::Fields<registry::WrittenManifest> {
  using Type = registry::WrittenManifest;
  static constexpr auto kTable =
      std::make_tuple(json::field("schemaVersion", &Type::schema_version),
                      json::field("mediaType", &Type::media_type),
                      json::field("config", &Type::config), json::field("layers", &Type::layers));
};

template <>
struct json::Fields<registry::RootFilesystem> {
  using Type = registry::RootFilesystem;
  static constexpr auto kTable = std::make_tuple(json::field("diff_ids", &Type::diff_ids));
};

template <>
struct json::Fields<registry::Config> {
  using Type = registry::Config;
  static constexpr auto kTable = std::make_tuple(json::field("rootfs", &Type::rootfs));
};

template <>
struct json::Fields<registry::SavedImage> {
  using Type = registry::SavedImage;
  static constexpr auto kTable = std::make_tuple(json::field("Config", &Type::config),
                                                 json::field("RepoTags", &Type::repo_tags),
                                                 json::field("Layers", &Type::layers));
};

namespace registry {
namespace {

using base::malformed;

bool is_usable(const Descriptor& descriptor) {
  return crypto::is_digest(descriptor.digest) && descriptor.size >= 0;
}

}  // namespace

base::Result<Manifest> parse_manifest(std::string_view text) {
  auto manifest = json::parse<Manifest>(std::string(text));
  if (!manifest) return malformed("a manifest cannot be read: " + manifest.error().message);
  if (manifest->config && !manifest->manifests.empty()) {
    return malformed(
        "a manifest has both config and manifests, so it is an image and an index at the same "
        "time");
  }
  if (manifest->layers.size() + manifest->manifests.size() > limits::kImageParts) {
    return base::Error{base::ErrorCode::kTooLarge, "a manifest has too many layers or manifests"};
  }
  const bool good = (!manifest->config || is_usable(*manifest->config)) &&
                    std::all_of(manifest->layers.begin(), manifest->layers.end(), is_usable) &&
                    std::all_of(manifest->manifests.begin(), manifest->manifests.end(), is_usable);
  if (!good) return malformed("a manifest has an invalid digest or size");
  return manifest;
}

std::string oci_manifest(const Descriptor& config, const std::vector<Descriptor>& layers) {
  return json::encode(WrittenManifest{2, std::string(kOciManifestType), config, layers});
}

std::string media_type_of(const Descriptor& descriptor, const Manifest& manifest) {
  if (!descriptor.media_type.empty()) return descriptor.media_type;
  if (!manifest.media_type.empty()) return manifest.media_type;
  return std::string(manifest.is_index() ? kOciIndexType : kOciManifestType);
}

bool is_foreign(const Descriptor& layer) {
  return layer.media_type.find(".foreign.") != std::string::npos ||
         layer.media_type.find(".nondistributable.") != std::string::npos;
}

std::string layer_media_type(std::string_view begin) {
  const std::string plain(kOciLayerType);
  if (begin.starts_with(kGzip)) return plain + "+gzip";
  return begin.starts_with(kZstd) ? plain + "+zstd" : plain;
}

base::Result<std::vector<SavedImage>> parse_saved_images(std::string text) {
  auto images = json::parse<std::vector<SavedImage>>(std::move(text));
  if (!images) return malformed("manifest.json: " + images.error().message);
  return images;
}

base::Result<std::vector<std::string>> parse_diff_ids(std::string text) {
  auto config = json::parse<Config>(std::move(text));
  if (!config) return malformed("the config of the image: " + config.error().message);
  std::vector<std::string>& ids = config->rootfs.diff_ids;
  if (!std::all_of(ids.begin(), ids.end(), crypto::is_digest)) {
    return malformed("the config of the image: rootfs.diff_ids has an entry that is not a digest");
  }
  return std::move(ids);
}

}  // namespace registry
