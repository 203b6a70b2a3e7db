#include "api/images/image_rewriter.h"

#include <fmt/core.h>

#include "base/text/quote.h"

namespace api {
namespace {

// Returns whether Docker parses the registry as the host of a reference that begins with it.
bool is_registry(const std::string& registry) {
  const auto parsed = parse_image_reference(registry + "/image");
  return parsed && parsed->domain == registry && parsed->path == "image";
}

// The first declared image that uses a path. Images of two registries can have the same path; the
// local registry can hold only one of them.
struct Owner {
  std::string domain;
  std::string name;
};

std::optional<std::string> refusal(const DeclaredImage& declared,
                                   std::map<std::string, Owner>& owners) {
  const auto parsed = parse_image_reference(declared.image);
  if (!parsed)
    return fmt::format("image is not a valid image reference: {}", parsed.error().message);
  if (!parsed->tag.empty() || !parsed->digest.empty()) {
    return fmt::format("image must be a repository without {}: write {}",
                       parsed->digest.empty() ? "tag" : "digest", base::shown(repository(*parsed)));
  }
  if (parsed->domain.empty()) {
    return "image is not a valid image reference: the part before the first '/' is not a valid "
           "host";
  }
  const auto [owner, first] =
      owners.try_emplace(parsed->path, Owner{parsed->domain, declared.name});
  if (first || owner->second.domain == parsed->domain) return std::nullopt;
  return fmt::format(
      "image has the path {} at {}, and image {} has the same path at {}: the local registry can "
      "hold only one of them, so remove or rename one",
      base::shown(parsed->path), base::shown(parsed->domain), base::shown(owner->second.name),
      base::shown(owner->second.domain));
}

}  // namespace

ImageRewriter::ImageRewriter(const std::vector<RewriteTarget>& targets) {
  for (const RewriteTarget& target : targets) {
    if (!is_registry(target.registry)) continue;
    registries_.try_emplace(repository(target.repository), target.registry);
    known_.insert(target.registry);
  }
}

std::optional<std::string> ImageRewriter::rewrite(std::string_view reference) const {
  if (registries_.empty()) return std::nullopt;
  auto parsed = parse_image_reference(reference);
  if (!parsed || known_.contains(parsed->domain)) return std::nullopt;
  const auto target = registries_.find(repository(*parsed));
  if (target == registries_.end()) return std::nullopt;
  // When the domain is empty, the first segment of the path looks like a host. Behind the
  // registry's host it is an ordinary path segment.
  parsed->domain = target->second;
  return to_string(*parsed);
}

std::vector<std::string> ImageRewriter::repositories() const {
  std::vector<std::string> result;
  result.reserve(registries_.size());
  for (const auto& [repository, registry] : registries_) result.push_back(repository);
  return result;
}

std::vector<std::optional<std::string>> refusals(const std::vector<DeclaredImage>& images) {
  std::map<std::string, Owner> owners;
  std::vector<std::optional<std::string>> result;
  result.reserve(images.size());
  for (const DeclaredImage& image : images) result.push_back(refusal(image, owners));
  return result;
}

}  // namespace api
