// Images as they lie on disk: an OCI layout (a folder), the same in a tar (an OCI archive), or what
// `docker save` writes. Layers stay where they are: they are read when they are sent.
//
// Guarantees
//  * Manifests are given only when they have the content that their digest names, and the size that
//    whoever names them says.
//  * An archive of `docker save` without an OCI layout gets an OCI manifest; its layers are sent as
//    they are, most of them uncompressed, so that nothing has to be compressed or decompressed.
// One owner; one thread; reading blocks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/blob_file.h"
#include "registry/manifest.h"

namespace registry {

struct SourceImage {
  std::vector<std::string> names;  // as they are in the archive: "alpine:3", "3", or none
  Descriptor root;                 // its manifest or index
};

// What has to be at a registry for it to have an image.
struct Parts {
  struct Blob {
    Descriptor descriptor;
    std::optional<Place> place;  // none: not at hand, so the registry has to have it
  };
  struct ManifestText {
    Descriptor descriptor;  // with its media type
    std::string text;
  };

  std::vector<Blob> blobs;
  std::vector<ManifestText> manifests;  // what is named comes before what names it; the root last
  std::set<std::string> digests;        // of both: each is there once
};

class ImageSource {
 public:
  // By what is found at the path. kNotFound, kInvalid, kMalformed (a tar that is damaged or no
  // image, a compressed archive), kTooLarge; the message names the file.
  static base::Result<std::unique_ptr<ImageSource>> open(const std::string& path);

  ImageSource(const ImageSource&) = delete;
  ImageSource& operator=(const ImageSource&) = delete;
  virtual ~ImageSource() = default;

  const std::vector<SourceImage>& images() const { return images_; }

  // All that the image consists of, each platform included. Of an index that names platforms that
  // are not at hand, as `docker save` writes it, the only one that is there is taken for the image.
  // kMalformed: something is missing, damaged or not as it says; kTooLarge.
  base::Result<Parts> parts(const SourceImage& image) const;

 protected:
  explicit ImageSource(std::string path) : path_(std::move(path)) {}

  // The content of that digest; nothing when it is not at hand.
  virtual std::optional<Place> blob(std::string_view digest) const = 0;

  base::Error malformed(std::string_view why) const;

  std::string path_;
  std::vector<SourceImage> images_;
  std::map<std::string, std::string> texts_;  // manifests that are in no file, by their digests

 private:
  base::Error wrong_size(const Descriptor& descriptor, std::uint64_t size) const;
  base::Result<std::optional<Parts::ManifestText>> manifest(const Descriptor& descriptor) const;
  std::optional<Descriptor> only_platform(const Manifest& index) const;
  base::Result<void> collect(const Descriptor& descriptor, int depth, Parts& parts) const;
  base::Result<void> add_blob(const Descriptor& descriptor, bool may_miss, Parts& parts) const;
};

}  // namespace registry
