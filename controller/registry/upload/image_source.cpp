#include "registry/upload/image_source.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/text/quote.h"
#include "crypto/digest.h"

namespace registry {
namespace {

constexpr std::string_view kIndexFile = "index.json";
constexpr std::string_view kSavedFile = "manifest.json";
constexpr std::string_view kReference = "org.opencontainers.image.ref.name";
constexpr std::string_view kFullName = "io.containerd.image.name";
constexpr std::string_view kAttestation = "vnd.docker.reference.type";
constexpr std::size_t kMagicBytes = 4;

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::string blob_name(std::string_view digest) {
  std::string name = "blobs/" + std::string(digest);
  name[name.find(':')] = '/';
  return name;
}

std::vector<std::string> names_of(const Descriptor& descriptor) {
  for (const std::string_view key : {kFullName, kReference}) {
    const auto found = descriptor.annotations.find(std::string(key));
    if (found != descriptor.annotations.end() && !found->second.empty()) return {found->second};
  }
  return {};
}

// An OciSource is an OCI layout in a folder or in a tar.
class OciSource final : public ImageSource {
 public:
  OciSource(std::string path, std::optional<Tar> tar)
      : ImageSource(std::move(path)), tar_(std::move(tar)) {}

  base::Result<void> load() {
    const auto range = file(kIndexFile);
    if (!range) return malformed("not an OCI layout, because it has no index.json");
    const auto text = read_whole(*range, limits::kManifestBytes);
    if (!text) return text.error();
    const auto index = parse_manifest(*text);
    if (!index) return malformed("index.json: " + index.error().message);
    for (const Descriptor& descriptor : index->manifests) {
      const auto known = std::find_if(images_.begin(), images_.end(), [&](const auto& image) {
        return image.root.digest == descriptor.digest;
      });
      std::vector<std::string> names = names_of(descriptor);
      if (known == images_.end()) {
        images_.push_back({std::move(names), descriptor});
      } else {
        known->names.insert(known->names.end(), names.begin(), names.end());
      }
    }
    return {};
  }

 private:
  std::optional<FileRange> blob(std::string_view digest) const override {
    return file(blob_name(digest));
  }

  std::optional<FileRange> file(std::string_view name) const {
    if (tar_) return tar_->find(name);
    auto opened = BlobFile::open(path_ + "/" + std::string(name));
    if (!opened) return std::nullopt;
    const std::uint64_t size = (*opened)->size();
    return FileRange{std::move(*opened), 0, size};
  }

  std::optional<Tar> tar_;
};

// A SavedSource is an archive in the older format of `docker save`, without an OCI layout. Other
// tools write this format, too.
class SavedSource final : public ImageSource {
 public:
  SavedSource(std::string path, Tar tar) : ImageSource(std::move(path)), tar_(std::move(tar)) {}

  base::Result<void> load() {
    const auto range = tar_.find(kSavedFile);
    if (!range)
      return malformed("not an image archive, because it has neither index.json nor manifest.json");
    auto text = read_whole(*range, limits::kManifestBytes);
    if (!text) return text.error();
    const auto saved = parse_saved_images(std::move(*text));
    if (!saved) return malformed(saved.error().message);
    for (const SavedImage& image : *saved) {
      if (const auto added = add(image); !added) return added.error();
    }
    return {};
  }

 private:
  std::optional<FileRange> blob(std::string_view digest) const override {
    const auto found = blobs_.find(digest);
    if (found == blobs_.end()) return std::nullopt;
    return found->second;
  }

  base::Result<void> add(const SavedImage& image) {
    const auto config_range = tar_.find(image.config);
    if (!config_range) {
      return malformed(fmt::format("the config {} that manifest.json names is missing",
                                   base::quoted(image.config)));
    }
    const auto config = read_whole(*config_range, limits::kManifestBytes);
    if (!config) return config.error();
    const auto diff_ids = parse_diff_ids(*config);
    if (!diff_ids) return malformed(diff_ids.error().message);
    if (diff_ids->size() != image.layers.size()) {
      return malformed(
          fmt::format("manifest.json lists {} layers for the config {}, but this config has {}",
                      image.layers.size(), base::quoted(image.config), diff_ids->size()));
    }
    std::vector<Descriptor> layers;
    for (std::size_t i = 0; i < image.layers.size(); ++i) {
      auto layer = add_layer(image.layers[i], (*diff_ids)[i]);
      if (!layer) return layer.error();
      layers.push_back(std::move(*layer));
    }
    const Descriptor config_descriptor{std::string(kOciConfigType),
                                       crypto::sha256(*config),
                                       static_cast<std::int64_t>(config->size()),
                                       {}};
    blobs_.insert_or_assign(config_descriptor.digest, *config_range);
    std::string text = oci_manifest(config_descriptor, layers);
    const Descriptor root{std::string(kOciManifestType),
                          crypto::sha256(text),
                          static_cast<std::int64_t>(text.size()),
                          {}};
    texts_.insert_or_assign(root.digest, std::move(text));
    images_.push_back({image.repo_tags, root});
    return {};
  }

  base::Result<Descriptor> add_layer(const std::string& name, const std::string& diff_id) {
    const auto range = tar_.find(name);
    if (!range) {
      return malformed(
          fmt::format("the layer {} that manifest.json names is missing", base::quoted(name)));
    }
    std::array<char, kMagicBytes> begin{};
    const auto got = range->file->read(range->offset, begin);
    if (!got) return got.error();
    Descriptor layer;
    layer.media_type = layer_media_type({begin.data(), std::min<std::size_t>(*got, range->size)});
    layer.size = static_cast<std::int64_t>(range->size);
    // Most layers are uncompressed; the digest of such a layer is its diff_id.
    layer.digest = diff_id;
    if (layer.media_type != kOciLayerType) {
      auto digest = digest_of(*range);
      if (!digest) return digest.error();
      layer.digest = std::move(*digest);
    }
    blobs_.insert_or_assign(layer.digest, *range);
    return layer;
  }

  static base::Result<std::string> digest_of(const FileRange& range) {
    crypto::Hasher hasher("sha256:");
    std::vector<char> buffer(limits::kUploadReadBytes);
    for (std::uint64_t at = 0; at < range.size;) {
      const std::span<char> room(buffer.data(),
                                 std::min<std::uint64_t>(buffer.size(), range.size - at));
      const auto got = range.file->read(range.offset + at, room);
      if (!got) return got.error();
      if (*got == 0) break;
      hasher.add({buffer.data(), *got});
      at += *got;
    }
    return hasher.digest();
  }

  Tar tar_;
  std::map<std::string, FileRange, std::less<>> blobs_;
};

template <class Source>
base::Result<std::unique_ptr<ImageSource>> loaded(std::unique_ptr<Source> source,
                                                  const std::string& path) {
  if (const auto done = source->load(); !done) return done.error();
  if (source->images().empty()) {
    return base::Error{base::ErrorCode::kMalformed, path + ": it contains no image"};
  }
  return std::unique_ptr<ImageSource>(std::move(source));
}

// Recognises a compressed file by its first bytes and returns the program that decompresses it.
std::optional<std::string_view> decompressor(std::string_view begin) {
  if (begin.starts_with(kGzip)) return "gunzip";
  if (begin.starts_with(kZstd)) return "unzstd";
  if (begin.starts_with("BZh")) return "bunzip2";
  if (begin.starts_with("\xfd"
                        "7zX"))
    return "unxz";
  return std::nullopt;
}

}  // namespace

base::Error ImageSource::malformed(std::string_view why) const {
  return {base::ErrorCode::kMalformed, fmt::format("{}: {}", path_, why)};
}

base::Error ImageSource::wrong_size(const Descriptor& descriptor, std::uint64_t size) const {
  return malformed(
      fmt::format("{} has {} bytes, but must have {}", descriptor.digest, size, descriptor.size));
}

base::Result<std::unique_ptr<ImageSource>> ImageSource::open(const std::string& path) {
  if (is_folder(path)) return loaded(std::make_unique<OciSource>(path, std::nullopt), path);
  const auto file = BlobFile::open(path);
  if (!file) return file.error();
  std::array<char, kMagicBytes> begin{};
  const auto got = (*file)->read(0, begin);
  if (!got) return got.error();
  if (const auto tool = decompressor({begin.data(), *got})) {
    return base::Error{base::ErrorCode::kMalformed,
                       fmt::format("{} is compressed: {} it first", path, *tool)};
  }
  auto tar = Tar::read(*file);
  if (!tar) return tar.error();
  // Docker writes both formats since version 25; the OCI layout holds more information.
  if (tar->find(kIndexFile))
    return loaded(std::make_unique<OciSource>(path, std::move(*tar)), path);
  return loaded(std::make_unique<SavedSource>(path, std::move(*tar)), path);
}

base::Result<std::optional<ImageParts::ManifestText>> ImageSource::manifest(
    const Descriptor& descriptor) const {
  std::string text;
  const auto made = texts_.find(descriptor.digest);
  if (made != texts_.end()) {
    text = made->second;
  } else {
    const auto range = blob(descriptor.digest);
    if (!range) return std::optional<ImageParts::ManifestText>();
    auto read = read_whole(*range, limits::kManifestBytes);
    if (!read) return read.error();
    text = std::move(*read);
  }
  if (!crypto::matches(descriptor.digest, text)) {
    return malformed(
        fmt::format("digest mismatch: the content of {} has another digest", descriptor.digest));
  }
  if (text.size() != static_cast<std::uint64_t>(descriptor.size)) {
    return wrong_size(descriptor, text.size());
  }
  return std::optional(ImageParts::ManifestText{descriptor, std::move(text)});
}

base::Result<void> ImageSource::add_blob(const Descriptor& descriptor, bool may_miss,
                                         ImageParts& parts) const {
  if (!parts.digests.insert(descriptor.digest).second) return {};
  auto range = blob(descriptor.digest);
  if (!range && may_miss) return {};
  if (range && range->size != static_cast<std::uint64_t>(descriptor.size)) {
    return wrong_size(descriptor, range->size);
  }
  parts.blobs.push_back({descriptor, std::move(range)});
  return {};
}

base::Result<void> ImageSource::collect(const Descriptor& descriptor, int depth,
                                        ImageParts& parts) const {
  if (depth > limits::kIndexDepth)
    return malformed("the indexes of the image are nested too deeply");
  if (parts.digests.size() > limits::kImageParts) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("{}: the image has more than {} manifests and blobs", path_,
                                   limits::kImageParts)};
  }
  if (!parts.digests.insert(descriptor.digest).second) return {};
  auto text = manifest(descriptor);
  if (!text) return text.error();
  if (!*text) return malformed(descriptor.digest + " is missing");
  const auto parsed = parse_manifest((*text)->text);
  if (!parsed) return malformed(descriptor.digest + ": " + parsed.error().message);
  if (!parsed->config && parsed->manifests.empty()) {
    return malformed(descriptor.digest + " is neither an image manifest nor an index");
  }
  for (const Descriptor& part : parsed->manifests) {
    if (const auto added = collect(part, depth + 1, parts); !added) return added.error();
  }
  if (parsed->config) {
    if (const auto added = add_blob(*parsed->config, false, parts); !added) return added.error();
  }
  for (const Descriptor& layer : parsed->layers) {
    const auto added = add_blob(layer, is_foreign(layer), parts);
    if (!added) return added.error();
  }
  (*text)->descriptor.media_type = media_type_of(descriptor, *parsed);
  parts.manifests.push_back(std::move(**text));
  return {};
}

// Returns the only platform of an incomplete index whose manifest is in the source; nothing when
// the index is complete, or when the source has no platform or several.
std::optional<Descriptor> ImageSource::only_platform(const Manifest& index) const {
  std::vector<Descriptor> present;
  bool complete = true;
  for (const Descriptor& part : index.manifests) {
    const bool here = blob(part.digest).has_value();
    complete = complete && here;
    // An attestation manifest of BuildKit is not a platform.
    if (here && !part.annotations.contains(std::string(kAttestation))) present.push_back(part);
  }
  if (complete || present.size() != 1) return std::nullopt;
  return present.front();
}

base::Result<ImageParts> ImageSource::parts(const SourceImage& image) const {
  Descriptor root = image.root;
  const auto text = manifest(root);
  if (!text) return text.error();
  if (*text) {
    const auto parsed = parse_manifest((*text)->text);
    if (!parsed) return malformed(root.digest + ": " + parsed.error().message);
    if (const auto only = only_platform(*parsed)) root = *only;
  }
  ImageParts parts;
  if (const auto collected = collect(root, 0, parts); !collected) return collected.error();
  return parts;
}

}  // namespace registry
