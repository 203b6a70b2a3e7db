// How each declared image reaches the nodes: the product's table, an image a row. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconcile/observed.h"

namespace reconcile {

struct ImageDecision {
  api::ImageStatus status;  // without delivery: refused, or being checked for the first time
  bool refused = false;     // it cannot be used as it is declared
};

// Returns one entry for each of spec.images, in their order: why the image is refused, such as
// another image with the same path; nullopt if it is not.
std::vector<std::optional<std::string>> refused_images(const api::LocalRegistrySpec& spec);

// One for each of spec.images, in their order; resolved is left empty.
//
// Once an image is delivered by the local registry it stays so until the spec changes: a permission
// that is granted later is told, not acted on. While a changed spec is being checked, an image
// keeps the delivery that it had.
std::vector<ImageDecision> decide_images(const Observed& observed);

// The entries of the status. url: of the registry, "localhost:31234"; empty while it has no port.
std::vector<api::ImageStatus> describe_images(const Observed& observed, const std::string& url);

// The images whose registries have to be asked now, by their names in the spec.
std::vector<std::string> images_to_check(const Observed& observed);

// When one has to be asked again at the soonest; nothing: all are settled, or being asked.
std::optional<base::Time> next_push_check(const Observed& observed);

// Whether the webhook rewrites images to this resource's registry.
bool rewrites_images(const api::LocalRegistry& registry);

}  // namespace reconcile
