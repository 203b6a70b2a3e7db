#include "operator/webhook/webhook_images.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/limits.h"
#include "reconcile/status/images.h"

namespace controller {

namespace {

// The images that one LocalRegistry declares, with its creation time and name, which decide between
// two LocalRegistries that declare the same image.
struct Declared {
  base::Time created;
  std::string name;
  std::vector<api::RewriteTarget> targets;
};

Declared declared_by(const api::LocalRegistry& registry, std::size_t max) {
  const api::ObjectMeta& meta = registry.metadata;
  Declared declared{meta.creation_timestamp.value_or(base::Time::max()), meta.name, {}};
  const api::LocalRegistryStatus& status = registry.status;
  if (!reconcile::rewrites_images(registry)) return declared;
  for (const api::ImageStatus& image : status.images) {
    if (image.delivery != api::Delivery::kLocalRegistry || declared.targets.size() >= max) continue;
    auto repository = api::parse_image_reference(image.image);
    if (repository) declared.targets.push_back({*std::move(repository), status.url});
  }
  return declared;
}

}  // namespace

api::ImageRewriter rewriter_for(const Caches& caches, const std::string& namespace_name) {
  std::vector<Declared> all;
  std::size_t room = limits::kDeclaredImages;
  caches.for_each_rewriting_registry(namespace_name, [&](const auto& registry) {
    Declared declared = declared_by(*registry, room);
    room -= declared.targets.size();
    if (!declared.targets.empty()) all.push_back(std::move(declared));
    return room > 0;
  });
  std::sort(all.begin(), all.end(), [](const Declared& a, const Declared& b) {
    return std::tie(a.created, a.name) < std::tie(b.created, b.name);
  });
  std::vector<api::RewriteTarget> targets;
  for (Declared& declared : all) {
    targets.insert(targets.end(), std::make_move_iterator(declared.targets.begin()),
                   std::make_move_iterator(declared.targets.end()));
  }
  return api::ImageRewriter(targets);
}

}  // namespace controller
