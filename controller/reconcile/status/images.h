// Decides for each declared image how it is delivered to the nodes, by the delivery table in
// README.md, and when its push check is due. All functions are pure and can be called on any
// thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconcile/observed.h"

namespace reconcile {

struct ImageDecision {
  api::ImageStatus status;  // no delivery: the image is refused, or its first check is open
  bool refused = false;     // spec.images declares the image in an invalid way
};

// Returns for each entry of spec.images, in the same order, why the image is refused (for example,
// because another image has the same path); nullopt if the image is accepted.
std::vector<std::optional<std::string>> refused_images(const api::LocalRegistrySpec& spec);

// Returns one decision for each entry of spec.images, in the same order. ImageStatus::resolved is
// empty in all of them.
//
// If the local registry delivers an image, this delivery stays until the spec changes: a push
// permission that is granted later is reported, but does not change the delivery. While a changed
// spec is being checked, an image keeps its earlier delivery.
std::vector<ImageDecision> decide_images(const Observed& observed);

// Returns status.images. `url`: the registry's address, "localhost:31234"; empty while it has no
// node port.
std::vector<api::ImageStatus> describe_images(const Observed& observed, const std::string& url);

// Returns the images whose push check is due now, by their names in the spec.
std::vector<std::string> images_to_check(const Observed& observed);

// Returns when the next push check is due; nullopt when no check is due later: the permission is
// granted, the check is running, or the spec alone decides.
std::optional<base::Time> next_push_check(const Observed& observed);

// Returns whether the webhook rewrites images to this LocalRegistry's registry.
bool rewrites_images(const api::LocalRegistry& registry);

}  // namespace reconcile
