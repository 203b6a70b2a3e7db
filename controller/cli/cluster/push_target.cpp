#include "cli/cluster/push_target.h"

#include <fmt/core.h>

#include "api/images/image_reference.h"
#include "base/text/quote.h"
#include "cli/cluster/names.h"
#include "cli/cluster/registry_status.h"

namespace cli {
namespace {

constexpr std::string_view kKind = "kind-";

Failure not_delivered(const std::string& image) {
  return {ExitCode::kFailure,
          fmt::format(
              "the nodes pull {} from its own registry, not from the local one: push it there with "
              "docker push",
              image)};
}

PushTarget target_of(const api::LocalRegistry& registry, const api::ImageReference& reference,
                     api::Delivery delivery) {
  PushTarget target;
  target.delivery = delivery;
  target.path = reference.path;
  target.tag = reference.tag.empty() ? "latest" : reference.tag;
  target.source = fmt::format("{}:{}", api::repository(reference), target.tag);
  target.resolved = delivery == api::Delivery::kLocalRegistry
                        ? fmt::format("{}/{}:{}", registry.status.url, target.path, target.tag)
                        : target.source;
  return target;
}

// Returns the delivery of the declared image with the same repository; if there is none, the
// delivery of the whole LocalRegistry.
Outcome<api::Delivery> delivery_of(const api::LocalRegistry& registry,
                                   const api::ImageReference& reference) {
  for (const api::ImageSpec& image : registry.spec.images) {
    const auto declared = api::parse_image_reference(image.image);
    if (!declared || api::repository(*declared) != api::repository(reference)) continue;
    const auto deliveries = image_deliveries(registry, image.name);
    if (!deliveries) return deliveries.error();
    return deliveries->front().delivery;
  }
  if (registry.status.delivery) return *registry.status.delivery;
  return Failure{
      ExitCode::kNotReady,
      fmt::format("the operator has not decided yet from where nodes pull images of LocalRegistry "
                  "{}: {}",
                  registry.metadata.name, explain_missing_status(registry))};
}

Outcome<PushTarget> check(const api::LocalRegistry& registry,
                          const api::ImageReference& reference) {
  const auto delivery = delivery_of(registry, reference);
  if (!delivery) return delivery.error();
  if (*delivery == api::Delivery::kUpstream) return not_delivered(api::repository(reference));
  if (*delivery == api::Delivery::kLocalRegistry) {
    if (const auto url = url_of(registry, false); !url) return url.error();
  }
  return target_of(registry, reference, *delivery);
}

}  // namespace

Outcome<std::vector<PushTarget>> push_targets(const api::LocalRegistry& registry,
                                              const std::string& image) {
  const api::ImageSpec* declared = api::find_image(registry, image);
  const auto reference = parse_reference(declared == nullptr ? image : declared->image);
  if (!reference) return reference.error();
  if (!reference->digest.empty()) {
    return Failure{ExitCode::kUsage,
                   fmt::format("{} has a digest, and only a tag can be pushed: remove the digest",
                               base::quoted(image))};
  }
  const bool has_tags = declared != nullptr && !declared->tags.empty();
  std::vector<PushTarget> targets;
  for (const std::string& tag : has_tags ? declared->tags : std::vector{reference->tag}) {
    api::ImageReference tagged = *reference;
    tagged.tag = tag;
    auto target = check(registry, tagged);
    if (!target) return target.error();
    targets.push_back(*std::move(target));
  }
  return targets;
}

Outcome<std::string> kind_cluster(const std::string& context) {
  if (context.starts_with(kKind) && context.size() > kKind.size()) {
    return context.substr(kKind.size());
  }
  return Failure{ExitCode::kUsage,
                 fmt::format("this is a KinD cluster, but the context {} is not named kind-NAME: "
                             "pass the name of the KinD cluster with --kind-cluster",
                             base::quoted(context))};
}

}  // namespace cli
