// YAML to JSON, as kubectl reads it: kubeconfig files, test cases. Bounds: limits::kYamlBytes and
// limits::kYamlNodes (aliases expanded). Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace json {

// The JSON text of the only document in the YAML text ("null" when there is none).
// kMalformed with line and column, or kTooLarge.
base::Result<std::string> from_yaml(std::string_view yaml);

}  // namespace json
