// Fuzz target for texts of registries and archives: manifests, indexes, the manifest.json of
// `docker save`, image configs, and the answers of token servers.
#include "registry/upload/manifest.h"

#include "base/limits.h"
#include "crypto/digest.h"
#include "fuzz/property.h"
#include "registry/token.h"

namespace {

void check_descriptor(const registry::Descriptor& descriptor) {
  fuzz::require(crypto::is_digest(descriptor.digest), "a descriptor names content");
  fuzz::require(descriptor.size >= 0, "nothing is smaller than nothing");
  registry::is_foreign(descriptor);
}

void check_manifest(std::string_view text) {
  const auto manifest = registry::parse_manifest(text);
  if (!manifest) {
    fuzz::require_short_line(manifest.error().message);
    return;
  }
  fuzz::require(manifest->layers.size() + manifest->manifests.size() <= limits::kImageParts,
                "there are only so many parts");
  for (const auto& layer : manifest->layers) check_descriptor(layer);
  for (const auto& child : manifest->manifests) {
    check_descriptor(child);
    fuzz::require(!registry::media_type_of(child, *manifest).empty(), "it is sent as something");
  }
  if (!manifest->config) return;
  check_descriptor(*manifest->config);
  const std::string written = registry::oci_manifest(*manifest->config, manifest->layers);
  const auto again = registry::parse_manifest(written);
  fuzz::require(again.has_value(), "what was written can be read");
  fuzz::require(again->config == manifest->config && again->layers == manifest->layers,
                "written and read again it has the same parts");
}

void check_token(const std::string& text) {
  const auto token = registry::parse_token(text);
  if (!token) return;
  fuzz::require(!token->text.empty() && token->text.size() <= limits::kTokenBytes,
                "a token is of a size that can be sent");
  for (const char character : token->text) {
    fuzz::require(character > ' ' && character < 0x7F, "a token fits into a header");
  }
  fuzz::require(token->life.count() > 0, "a token lives");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  check_manifest(text);
  check_token(text);
  registry::parse_saved_images(text);
  if (const auto ids = registry::parse_diff_ids(text)) {
    for (const std::string& id : *ids) fuzz::require(crypto::is_digest(id), "an id is a digest");
  }
  return 0;
}
