// Manifests and indexes of images: OCI's (image specification 1.1) and Docker's (schema 2). Values;
// any thread.
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

// kMalformed: no JSON, neither of both, or with a digest or size that cannot be. kTooLarge: more
// parts than limits::kImageParts.
base::Result<Manifest> parse_manifest(std::string_view text);

// The JSON text of an OCI manifest of these.
std::string oci_manifest(const Descriptor& config, const std::vector<Descriptor>& layers);

// What a manifest is sent as: what its descriptor says, else what it says of itself, else what it
// looks like.
std::string media_type_of(const Descriptor& descriptor, const Manifest& manifest);

// A layer that is fetched from elsewhere (such as a base of Windows), and need not be at hand.
bool is_foreign(const Descriptor& layer);

// The kind of a layer by its first bytes.
std::string layer_media_type(std::string_view begin);

inline constexpr std::string_view kOciConfigType = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayerType = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kOciManifestType = "application/vnd.oci.image.manifest.v1+json";

// manifest.json of `docker save`: one entry for each image.
struct SavedImage {
  std::string config;                  // the file of it
  std::vector<std::string> repo_tags;  // "alpine:3"
  std::vector<std::string> layers;     // the files of them, the lowest first
};

// kMalformed.
base::Result<std::vector<SavedImage>> parse_saved_images(std::string text);

// rootfs.diff_ids of a config: the digests of the layers when they are not compressed. kMalformed.
base::Result<std::vector<std::string>> parse_diff_ids(std::string text);

}  // namespace registry
