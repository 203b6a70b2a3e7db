// YAML to JSON: kubeconfig files, test cases. The core schema of YAML 1.2 with decimal numbers, so
// unlike in kubectl (YAML 1.1) `yes` and `on` are strings. Bounds: limits::kYamlBytes and, with
// aliases expanded, limits::kYamlNodes and limits::kYamlExpandedBytes. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace json {

// The JSON text of the only document in the YAML text ("null" when there is none).
// kMalformed with line and column, or kTooLarge.
base::Result<std::string> from_yaml(std::string_view yaml);

}  // namespace json
