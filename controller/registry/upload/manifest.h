// Parses and writes manifests and indexes of images, in the formats of OCI (image specification
// 1.1) and Docker (schema 2). The types are values that any thread may use.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace registry {

struct Descriptor {
  std::string media_type;
  std::string digest;
  std::int64_t size = 0;  // bytes
  std::map<std::string, std::string> annotations;

  bool operator==(const Descriptor&) const = default;
};

// A manifest has a config and layers, an index has manifests.
struct Manifest {
  std::string media_type;
  std::optional<Descriptor> config;
  std::vector<Descriptor> layers;
  std::vector<Descriptor> manifests;

  bool is_index() const { return !config.has_value(); }
};

// Parses a manifest or an index. kMalformed: not JSON, a manifest and an index at once, or an
// invalid digest or size. kTooLarge: more layers or manifests than limits::kImageParts.
base::Result<Manifest> parse_manifest(std::string_view text);

// Returns the JSON text of an OCI manifest with this config and these layers.
std::string oci_manifest(const Descriptor& config, const std::vector<Descriptor>& layers);

// Returns the media type with which a manifest is sent: the media type in the descriptor, else in
// the manifest, else the OCI type for a manifest or an index.
std::string media_type_of(const Descriptor& descriptor, const Manifest& manifest);

// Returns true for a layer that clients fetch from another server, such as a Windows base layer. An
// image source may lack it.
bool is_foreign(const Descriptor& layer);

// The first bytes of compressed files.
inline constexpr std::string_view kGzip = "\x1f\x8b";
inline constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd";

// Returns the OCI media type of a layer: plain, gzip or zstd, by its first bytes.
std::string layer_media_type(std::string_view begin);

inline constexpr std::string_view kOciConfigType = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayerType = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kOciIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifestType = "application/vnd.oci.image.manifest.v1+json";

// A SavedImage is one image in the manifest.json that `docker save` writes.
struct SavedImage {
  std::string config;                  // name of the file in the archive
  std::vector<std::string> repo_tags;  // "alpine:3"
  std::vector<std::string> layers;     // names of the files, the lowest layer first
};

// Parses manifest.json of `docker save`. Error: kMalformed.
base::Result<std::vector<SavedImage>> parse_saved_images(std::string text);

// Returns rootfs.diff_ids of a config: the digests of the uncompressed layers. Error: kMalformed.
base::Result<std::vector<std::string>> parse_diff_ids(std::string text);

}  // namespace registry
