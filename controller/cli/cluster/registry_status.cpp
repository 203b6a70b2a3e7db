#include "cli/cluster/registry_status.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/conditions.h"
#include "api/images/image_reference.h"
#include "api/pods/pod.h"
#include "base/text/quote.h"
#include "base/text/text.h"
#include "cli/cluster/names.h"
#include "cli/terminal/output.h"

namespace cli {
namespace {

using api::condition::kReady;

// Returns whether Ready=False with this reason becomes True without an action of the user. All
// other reasons, such as NodePortTaken, require an action.
bool is_temporary_reason(std::string_view reason) {
  constexpr std::string_view kPassing[] = {api::reason::kCheckingPush, api::reason::kDeploying,
                                           api::reason::kStarting,     api::reason::kPending,
                                           api::kContainerCreating,    api::kPodInitializing};
  return base::is_one_of(reason, kPassing);
}

bool is_repository(const std::string& text) {
  const auto reference = api::parse_image_reference(text);
  return reference && reference->tag.empty() && reference->digest.empty();
}

Failure no_repository(const api::LocalRegistry& registry, const api::ImageStatus& image) {
  constexpr std::string_view kMessage =
      "image {}: {} in the status of LocalRegistry {} is not a repository, so it is not used";
  return {ExitCode::kFailure,
          fmt::format(kMessage, image.name, base::quoted(image.resolved), registry.metadata.name)};
}

Outcome<ImageDelivery> delivery_of(const api::LocalRegistry& registry,
                                   const api::ImageSpec& image) {
  const auto& statuses = registry.status.images;
  const auto found =
      std::find_if(statuses.begin(), statuses.end(), [&](const api::ImageStatus& status) {
        return status.name == image.name && status.image == image.image;
      });
  const auto not_ready = [&](const std::string& why) {
    return Failure{ExitCode::kNotReady, fmt::format("image {}: {}", image.name, why)};
  };
  if (found == statuses.end() || (!found->delivery && found->message.empty())) {
    return not_ready("its delivery is not decided yet: " + explain_missing_status(registry));
  }
  if (!found->delivery) return not_ready(found->message);
  ImageDelivery result{image.name, image.image, image.tags, *found->delivery, found->resolved};
  if (!result.resolved.empty() && !is_repository(result.resolved)) {
    return no_repository(registry, *found);
  }
  if (!result.resolved.empty()) return result;
  result.resolved = image.image;
  if (result.delivery != api::Delivery::kLocalRegistry) return result;
  return not_ready("the registry has no node port yet: " + explain_missing_status(registry));
}

}  // namespace

bool is_condition_true(const api::LocalRegistry& registry, std::string_view condition) {
  const api::Condition* found = api::find_condition(registry.status.conditions, condition);
  return found != nullptr && found->status == api::condition_status::kTrue &&
         found->observed_generation >= registry.metadata.generation;
}

std::string why_not_true(const api::LocalRegistry& registry, std::string_view condition) {
  if (is_condition_true(registry, condition)) return "";
  const api::Condition* found = api::find_condition(registry.status.conditions, condition);
  if (found == nullptr) {
    return registry.status.conditions.empty() ? "the operator has not reconciled it yet"
                                              : "the LocalRegistry has no such condition";
  }
  if (found->observed_generation < registry.metadata.generation) {
    return "the operator has not reconciled the latest change yet";
  }
  return found->message.empty() ? found->reason
                                : fmt::format("{}: {}", found->reason, found->message);
}

std::string explain_missing_status(const api::LocalRegistry& registry) {
  const std::string& name = registry.metadata.name;
  if (is_condition_true(registry, kReady)) return "see `kubectl localregistry status`";
  const api::Condition* ready = api::find_condition(registry.status.conditions, kReady);
  const bool is_current =
      ready != nullptr && ready->observed_generation >= registry.metadata.generation;
  const bool passes = !is_current || is_temporary_reason(ready->reason);
  std::string missing = why_not_true(registry, kReady);
  if (!passes) return missing;
  return fmt::format("{}; run `kubectl localregistry wait {}`", missing, name);
}

Outcome<std::string> url_of(const api::LocalRegistry& registry, bool in_cluster) {
  const std::string& url = in_cluster ? registry.status.cluster_url : registry.status.url;
  if (is_host_port(url)) return url;
  if (!url.empty()) {
    return Failure{
        ExitCode::kFailure,
        fmt::format(
            "status.{} of LocalRegistry {} is {}, which is not HOST:PORT, so it is not used",
            in_cluster ? "clusterURL" : "url", registry.metadata.name, base::quoted(url))};
  }
  const api::Condition* ready = api::find_condition(registry.status.conditions, kReady);
  const std::string why = ready == nullptr ? "the operator has not reconciled it yet"
                                           : fmt::format("{}: {}", ready->reason, ready->message);
  return Failure{ExitCode::kNotReady, printable(fmt::format("no registry runs for LocalRegistry "
                                                            "{}: {}",
                                                            registry.metadata.name, why))};
}

Outcome<std::vector<ImageDelivery>> image_deliveries(const api::LocalRegistry& registry,
                                                     const std::string& only) {
  std::vector<ImageDelivery> result;
  for (const api::ImageSpec& image : registry.spec.images) {
    if (!only.empty() && image.name != only) continue;
    auto delivery = delivery_of(registry, image);
    if (!delivery) return delivery.error();
    result.push_back(*std::move(delivery));
  }
  if (!result.empty()) return result;
  const std::string& name = registry.metadata.name;
  return Failure{
      ExitCode::kNotFound,
      only.empty() ? fmt::format("LocalRegistry {} declares no images: spec.images is empty", name)
                   : fmt::format("LocalRegistry {} declares no image {} in spec.images", name,
                                 base::shown(only))};
}

}  // namespace cli
