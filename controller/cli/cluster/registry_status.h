// This file answers what the status of a LocalRegistry says: conditions, addresses, and how each
// declared image is delivered. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/local_registry.h"
#include "cli/terminal/outcome.h"

namespace cli {

// Reports whether a condition is True and was computed from the current spec.
bool is_condition_true(const api::LocalRegistry& registry, std::string_view condition);

// Returns why the condition does not hold, such as "Deploying: …"; empty if it holds.
std::string why_not_true(const api::LocalRegistry& registry, std::string_view condition);

// Explains why a part of the status is missing: returns reason and message of the condition Ready.
// Recommends the wait command if the reason passes without an action of the user.
std::string explain_missing_status(const api::LocalRegistry& registry);

// Returns status.url, or status.clusterURL if `in_cluster`. kNotReady: no registry runs; the
// message has the reason. kFailure: the value is not HOST:PORT, which shells and pushes rely on.
//
Outcome<std::string> url_of(const api::LocalRegistry& registry, bool in_cluster);

// How a declared image reaches Pods (from its own registry or from the local registry), and the
// repository that Pods pull it from.
struct ImageDelivery {
  std::string name;   // in spec.images
  std::string image;  // as declared in spec.images
  std::vector<std::string> tags;
  api::Delivery delivery = api::Delivery::kUpstream;
  std::string resolved;  // repository to pull from, without tag
};

// Returns the deliveries of all declared images, in the order of the spec; or only that of the
// image named `only`. kNotFound: there is none. kNotReady: the delivery of an image is not decided
// yet, the image was refused, or the registry has no port yet. kFailure: the repository in status
// is not valid.
Outcome<std::vector<ImageDelivery>> image_deliveries(const api::LocalRegistry& registry,
                                                     const std::string& only = {});

}  // namespace cli
