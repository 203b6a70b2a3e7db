// Decides for each declared image how it is delivered to the nodes, by the product's delivery
// table, and when its push check is due. All functions are pure and can be called on any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconcile/observed.h"

namespace reconcile {

struct ImageDecision {
  api::ImageStatus status;  // without delivery: refused, or being checked for the first time
  bool refused = false;     // the spec declares it in a way that cannot be used
};

// Returns one entry for each of spec.images, in their order: why the image is refused, such as
// another image with the same path; nullopt if it is not.
std::vector<std::optional<std::string>> refused_images(const api::LocalRegistrySpec& spec);

// Returns one decision for each of spec.images, in their order; resolved is left empty.
//
// An image that is delivered by the local registry stays so until the spec changes: a permission
// that is granted later is reported, but does not change the delivery. While a changed spec is
// being checked, an image keeps its earlier delivery.
std::vector<ImageDecision> decide_images(const Observed& observed);

// Returns status.images. url: the registry's address, "localhost:31234"; empty while it has no node
// port.
std::vector<api::ImageStatus> describe_images(const Observed& observed, const std::string& url);

// Returns the images whose push check is due now, by their names in the spec.
std::vector<std::string> images_to_check(const Observed& observed);

// Returns when the next push check is due; nullopt: all are settled, or running.
std::optional<base::Time> next_push_check(const Observed& observed);

// Whether the webhook rewrites images to this LocalRegistry's registry.
bool rewrites_images(const api::LocalRegistry& registry);

}  // namespace reconcile
