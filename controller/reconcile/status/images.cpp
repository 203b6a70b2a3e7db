#include "reconcile/status/images.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/images/image_rewriter.h"
#include "base/limits.h"
#include "base/text/quote.h"

namespace reconcile {
namespace {

using api::Delivery;
using api::PushPermission;

// Returns the delivery that spec.enabled and KinD decide for every image; nullopt when the push
// permission decides.
std::optional<Delivery> decided_by_spec(const Observed& observed) {
  const std::optional<bool>& enabled = observed.registry->spec.enabled;
  if (enabled) return *enabled ? Delivery::kLocalRegistry : Delivery::kUpstream;
  if (observed.kind_cluster) return Delivery::kKindLoad;
  return std::nullopt;
}

std::string reason_of_spec(const Observed& observed) {
  const std::optional<bool>& enabled = observed.registry->spec.enabled;
  if (!enabled) return "this is a KinD cluster: load the image with kind load docker-image";
  return *enabled ? "spec.enabled is true" : "spec.enabled is false";
}

// Returns the image's entry in the current status; null when the image is new or its reference was
// changed.
const api::ImageStatus* earlier_entry(const Observed& observed, const api::ImageSpec& image) {
  for (const api::ImageStatus& entry : observed.registry->status.images) {
    if (entry.name == image.name && entry.image == image.image) return &entry;
  }
  return nullptr;
}

bool is_of_this_spec(const Observed& observed) {
  return observed.registry->status.observed_generation == observed.registry->metadata.generation;
}

const PushCheck* find_check(const Observed& observed, const std::string& name) {
  for (const PushCheck& check : observed.push_checks) {
    if (check.name == name) return &check;
  }
  return nullptr;
}

// Copies the latest answer of the push check into `entry`: the answer that this process has or
// else, if the status is about the current generation, the answer in the status.
void add_answer(const Observed& observed, const api::ImageStatus* earlier,
                api::ImageStatus& entry) {
  const PushCheck* check = find_check(observed, entry.name);
  if (check != nullptr && check->permission != PushPermission::kNotChecked) {
    entry.push_permission = check->permission;
    entry.message = check->message;
  } else if (earlier != nullptr && is_of_this_spec(observed)) {
    entry.push_permission = earlier->push_permission;
    entry.message = earlier->message;
  }
}

void decide_by_permission(const Observed& observed, const api::ImageSpec& image,
                          api::ImageStatus& entry) {
  const api::ImageStatus* earlier = earlier_entry(observed, image);
  add_answer(observed, earlier, entry);
  if (entry.push_permission == PushPermission::kNotChecked) {
    const bool keeps = earlier != nullptr && earlier->delivery != Delivery::kKindLoad;
    if (keeps) entry.delivery = earlier->delivery;
    entry.message = "the operator is checking whether the image can be pushed to its own registry";
    return;
  }
  const bool stays = earlier != nullptr && is_of_this_spec(observed) &&
                     earlier->delivery == Delivery::kLocalRegistry &&
                     earlier->push_permission != PushPermission::kNotChecked;
  const bool granted = entry.push_permission == PushPermission::kGranted;
  entry.delivery = granted && !stays ? Delivery::kUpstream : Delivery::kLocalRegistry;
  if (granted && stays) {
    entry.message =
        "the image can now be pushed to its own registry; it stays in the local registry until the "
        "spec changes";
  }
}

// Returns whether the answer may change although the spec does not, so that the check is repeated.
bool is_open(PushPermission permission) { return permission != PushPermission::kGranted; }

bool is_due(const Observed& observed, const api::ImageStatus& entry) {
  if (const PushCheck* check = find_check(observed, entry.name)) {
    return !check->running && is_open(check->permission) && check->next <= observed.now;
  }
  return is_open(entry.push_permission);
}

}  // namespace

std::vector<std::optional<std::string>> refused_images(const api::LocalRegistrySpec& spec) {
  std::vector<api::DeclaredImage> declared;
  declared.reserve(spec.images.size());
  for (const api::ImageSpec& image : spec.images) declared.push_back({image.name, image.image});
  return api::refusals(declared);
}

std::vector<ImageDecision> decide_images(const Observed& observed) {
  const auto refused = refused_images(observed.registry->spec);
  const std::optional<Delivery> decided = decided_by_spec(observed);
  std::vector<ImageDecision> decisions;
  decisions.reserve(refused.size());
  for (std::size_t i = 0; i < refused.size(); ++i) {
    const api::ImageSpec& image = observed.registry->spec.images[i];
    ImageDecision& decision = decisions.emplace_back();
    decision.status.name = image.name;
    decision.status.image = image.image;
    decision.refused = refused[i].has_value();
    if (decision.refused) {
      decision.status.message = *refused[i];
    } else if (decided) {
      decision.status.delivery = decided;
      decision.status.message = reason_of_spec(observed);
    } else {
      decide_by_permission(observed, image, decision.status);
    }
    decision.status.message = base::cut_line(decision.status.message, limits::kImageMessageBytes);
  }
  return decisions;
}

std::vector<api::ImageStatus> describe_images(const Observed& observed, const std::string& url) {
  std::vector<api::ImageStatus> entries;
  for (ImageDecision& decision : decide_images(observed)) {
    api::ImageStatus& entry = entries.emplace_back(std::move(decision.status));
    if (!entry.delivery) continue;
    if (entry.delivery != Delivery::kLocalRegistry) {
      entry.resolved = entry.image;
    } else if (!url.empty()) {
      const auto reference = api::parse_image_reference(entry.image);
      if (reference) entry.resolved = fmt::format("{}/{}", url, reference->path);
    }
  }
  return entries;
}

std::vector<std::string> images_to_check(const Observed& observed) {
  std::vector<std::string> names;
  if (decided_by_spec(observed)) return names;
  for (const ImageDecision& decision : decide_images(observed)) {
    if (decision.refused || !is_due(observed, decision.status)) continue;
    names.push_back(decision.status.name);
  }
  return names;
}

std::optional<base::Time> next_push_check(const Observed& observed) {
  std::optional<base::Time> next;
  if (decided_by_spec(observed)) return next;
  for (const PushCheck& check : observed.push_checks) {
    if (check.running || !is_open(check.permission)) continue;
    next = next ? std::min(*next, check.next) : check.next;
  }
  return next;
}

bool rewrites_images(const api::LocalRegistry& registry) {
  const api::LocalRegistryStatus& status = registry.status;
  return status.node_port != 0 && !registry.metadata.deletion_timestamp &&
         std::any_of(status.images.begin(), status.images.end(), [](const api::ImageStatus& image) {
           return image.delivery == api::Delivery::kLocalRegistry;
         });
}

}  // namespace reconcile
