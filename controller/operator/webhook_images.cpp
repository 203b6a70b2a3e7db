#include "operator/webhook_images.h"

#include <algorithm>
#include <tuple>

namespace controller {

std::vector<api::RewriteTarget> rewrite_targets(
    std::vector<std::shared_ptr<const api::LocalRegistry>> registries) {
  const auto age = [](const std::shared_ptr<const api::LocalRegistry>& registry) {
    const api::ObjectMeta& meta = registry->metadata;
    return std::tuple(meta.creation_timestamp.value_or(base::Time::max()), meta.name);
  };
  std::sort(registries.begin(), registries.end(),
            [&](const auto& a, const auto& b) { return age(a) < age(b); });
  std::vector<api::RewriteTarget> targets;
  for (const auto& registry : registries) {
    const api::LocalRegistryStatus& status = registry->status;
    if (status.node_port == 0 || registry->metadata.deletion_timestamp) continue;
    for (const api::ImageStatus& image : status.images) {
      if (image.delivery != api::Delivery::kLocalRegistry) continue;
      auto repository = api::parse_image_reference(image.image);
      if (repository) targets.push_back({*std::move(repository), status.url});
    }
  }
  return targets;
}

api::ImageRewriter rewriter_for(const Caches& caches, const std::string& namespace_name) {
  return api::ImageRewriter(rewrite_targets(caches.in_namespace(namespace_name)));
}

}  // namespace controller
