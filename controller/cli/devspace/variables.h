// This file computes the variables that DevSpace gives to pipelines and hooks, for the images that
// a LocalRegistry declares. The functions are pure and can be called on any thread. Source: the
// manual's page on the local registry; DevSpace 6.
#pragma once

#include <string>
#include <vector>

#include "api/local_registry.h"
#include "cli/terminal/hook_process.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct ImageVariables {
  std::string image;              // its name in spec.images
  std::vector<Variable> runtime;  // runtime.images.NAME, .image and .tag
  std::vector<Variable> hook;     // DEVSPACE_HOOK_IMAGE_*: the same names for every image
};

// Returns the variables of all declared images, in the order of the spec; or only those of the
// image named `only`. Errors: those of image_deliveries(); kFailure also if two images set the same
// variable.
Outcome<std::vector<ImageVariables>> image_variables(const api::LocalRegistry& registry,
                                                     const std::string& only = {});

enum class VariablesFormat {
  kShell,   // export NAME='value'; a comment if the name is not valid in a shell
  kEnv,     // NAME=value, without quotes, for env $(…) COMMAND
  kDotenv,  // NAME=value, with quotes where the value needs them
  kJson,    // {"variables": {…}, "hooks": [{…}]}
  kYaml,    // the same as YAML
};

// Formats the variables. kFailure: the format cannot represent one of the values.
Outcome<std::string> print_variables(const std::vector<ImageVariables>& images,
                                     VariablesFormat format);

}  // namespace cli
