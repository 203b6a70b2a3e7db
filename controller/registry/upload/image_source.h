// Reads images from disk: from an OCI layout (a folder), an OCI archive (the same in a tar), or an
// archive of `docker save`. Layers are not loaded; they are read when they are sent.
//
// Guarantees
//  * A manifest is returned only if its content has the digest and the size of the descriptor that
//    refers to the manifest.
//  * For an archive of `docker save` without an OCI layout an OCI manifest is generated. Its layers
//    are sent as stored, most of them uncompressed: nothing is compressed or decompressed.
// An ImageSource has one owner and is used on one thread, which its reads block.
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
#include "registry/upload/blob_file.h"
#include "registry/upload/manifest.h"

namespace registry {

struct SourceImage {
  std::vector<std::string> names;  // as in the archive: "alpine:3", "3", or none
  Descriptor root;                 // the manifest or index of the image
};

// ImageParts are the manifests and blobs that a registry needs for an image.
struct ImageParts {
  struct Blob {
    Descriptor descriptor;
    std::optional<FileRange> range;  // none: the registry must have the blob
  };
  struct ManifestText {
    Descriptor descriptor;  // its media type is set
    std::string text;
  };

  std::vector<Blob> blobs;
  std::vector<ManifestText> manifests;  // each before the index that refers to it; the root last
  std::set<std::string> digests;        // of all parts, so that each part is listed once
};

class ImageSource {
 public:
  // Opens the images at the path, in whichever of the formats they have. kNotFound: nothing is at
  // the path. kInvalid: the file cannot be read. kMalformed: it is not a tar, or a damaged or
  // compressed one, or has no image. kTooLarge: a limit of Tar::read or limits::kManifestBytes is
  // exceeded. The message names the file.
  static base::Result<std::unique_ptr<ImageSource>> open(const std::string& path);

  ImageSource(const ImageSource&) = delete;
  ImageSource& operator=(const ImageSource&) = delete;
  virtual ~ImageSource() = default;

  const std::vector<SourceImage>& images() const { return images_; }

  // Returns the manifests and blobs of the image, for all its platforms. `docker save` writes an
  // index that also names platforms that are not in the archive. So if parts of the index are
  // missing and exactly one platform is present, that platform is the image. kMalformed: a part is
  // missing or invalid, or its digest or size does not match. kTooLarge: there are more than
  // limits::kImageParts parts, or a manifest is too large.
  base::Result<ImageParts> parts(const SourceImage& image) const;

 protected:
  explicit ImageSource(std::string path) : path_(std::move(path)) {}

  // Returns the location of the content with that digest; nothing when the source does not have the
  // content.
  virtual std::optional<FileRange> blob(std::string_view digest) const = 0;

  base::Error malformed(std::string_view why) const;

  std::string path_;
  std::vector<SourceImage> images_;
  std::map<std::string, std::string> texts_;  // generated manifests, by digest

 private:
  base::Error wrong_size(const Descriptor& descriptor, std::uint64_t size) const;
  base::Result<std::optional<ImageParts::ManifestText>> manifest(
      const Descriptor& descriptor) const;
  std::optional<Descriptor> only_platform(const Manifest& index) const;
  base::Result<void> collect(const Descriptor& descriptor, int depth, ImageParts& parts) const;
  base::Result<void> add_blob(const Descriptor& descriptor, bool may_miss, ImageParts& parts) const;
};

}  // namespace registry
