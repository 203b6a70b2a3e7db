// This file reads the status of a LocalRegistry: conditions, addresses, and how each declared image
// is delivered. The functions are pure and can be called on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/local_registry.h"
#include "cli/terminal/outcome.h"

namespace cli {

// Returns whether a condition is True and was computed from the current spec.
bool is_condition_true(const api::LocalRegistry& registry, std::string_view condition);

// Returns why is_condition_true() is false, such as "Deploying: …"; empty if it is true.
std::string why_not_true(const api::LocalRegistry& registry, std::string_view condition);

// Explains why a part of the status is missing: returns reason and message of the condition Ready,
// and recommends the wait command if Ready becomes True without an action of the user. If Ready is
// True, recommends the status command.
std::string explain_missing_status(const api::LocalRegistry& registry);

// Returns status.url, or status.clusterURL if `in_cluster`. kNotReady: no registry runs; the
// message has the reason. kFailure: the value is not HOST:PORT, which shells and pushes rely on.
Outcome<std::string> url_of(const api::LocalRegistry& registry, bool in_cluster);

// ImageDelivery records from where nodes get a declared image, and the repository in the references
// of Pods.
struct ImageDelivery {
  std::string name;   // in spec.images
  std::string image;  // as declared in spec.images
  std::vector<std::string> tags;
  api::Delivery delivery = api::Delivery::kUpstream;
  std::string resolved;  // repository in the references of Pods, without tag
};

// Returns the deliveries of all declared images, in the order of the spec; or only that of the
// image named `only`. kNotFound: no image, or no such image, is declared. kNotReady: the delivery
// of an image is not decided yet, the image was refused, or the registry has no port yet. kFailure:
// the repository in status is not valid.
Outcome<std::vector<ImageDelivery>> image_deliveries(const api::LocalRegistry& registry,
                                                     const std::string& only = {});

}  // namespace cli
