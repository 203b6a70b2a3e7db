#include "cli/docker/source_image.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "api/images/image_reference.h"
#include "base/text/quote.h"

namespace cli {
namespace {

using registry::SourceImage;

// Returns whether the image has the wanted reference as a name. With `by_tag`, reports whether it
// has the wanted tag as a name, because an OCI layout may name an image by the tag alone.
bool is_named(const SourceImage& image, const api::ImageReference& wanted, bool by_tag) {
  return std::any_of(image.names.begin(), image.names.end(), [&](const std::string& name) {
    if (by_tag) return name == wanted.tag;
    auto reference = api::parse_image_reference(name);
    if (!reference) return false;
    if (reference->tag.empty()) reference->tag = "latest";
    return api::to_string(*reference) == api::to_string(wanted);
  });
}

}  // namespace

Outcome<SourceImage> choose_image(const registry::ImageSource& source, const std::string& reference,
                                  Naming naming) {
  const std::vector<SourceImage>& images = source.images();
  if (images.size() == 1 && naming == Naming::kAny) return images.front();
  if (const auto wanted = api::parse_image_reference(reference)) {
    for (const bool by_tag : {false, true}) {
      if (by_tag && naming == Naming::kReference) continue;
      for (const SourceImage& image : images) {
        if (is_named(image, *wanted, by_tag)) return image;
      }
    }
  }
  std::vector<std::string> names;
  for (const SourceImage& image : images) {
    names.insert(names.end(), image.names.begin(), image.names.end());
  }
  const std::string listed =
      names.empty() ? "its images have no names"
                    : "its images are " + base::reported(fmt::format("{}", fmt::join(names, ", ")));
  return Failure{ExitCode::kNotFound, fmt::format("the archive or OCI layout has no image {}: {}",
                                                  base::shown(reference), listed)};
}

}  // namespace cli
