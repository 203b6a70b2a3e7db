// The variables that DevSpace gives to pipelines and hooks, for the images that a LocalRegistry
// declares. Pure; any thread. Source: the manual's page on the local registry; DevSpace 6.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/local_registry.h"
#include "cli/outcome.h"

namespace cli {

using Variable = std::pair<std::string, std::string>;  // name and value

struct ImageVariables {
  std::string image;              // its name in spec.images
  std::vector<Variable> runtime;  // runtime.images.NAME, .image and .tag
  std::vector<Variable> hook;     // DEVSPACE_HOOK_IMAGE_*: the same names for every image
};

// Where a declared image goes and what it is called there.
struct ImageDelivery {
  std::string name;   // in spec.images
  std::string image;  // as it is declared
  std::vector<std::string> tags;
  api::Delivery delivery = api::Delivery::kUpstream;
  std::string resolved;  // without tag
};

// Of all images, in the order of the spec; or of the one of this name. kNotFound: there is none.
// kNotReady: it is not decided yet where one of them goes, or it was refused.
Outcome<std::vector<ImageDelivery>> image_deliveries(const api::LocalRegistry& registry,
                                                     const std::string& only = {});

// The same, and kFailure when two images give one variable a value.
Outcome<std::vector<ImageVariables>> image_variables(const api::LocalRegistry& registry,
                                                     const std::string& only = {});

enum class VariablesFormat {
  kShell,   // export NAME='value'; names that no shell takes are comments
  kEnv,     // NAME=value, without quotes: env $(…) COMMAND
  kDotenv,  // NAME=value, with quotes where the value needs them
  kJson,    // {"variables": {…}, "hooks": [{…}]}
  kYaml,    // the same
};

// kFailure: the format cannot say one of the values.
Outcome<std::string> print_variables(const std::vector<ImageVariables>& images,
                                     VariablesFormat format);

}  // namespace cli
