// A LocalRegistry from the sections localRegistry and images of a devspace.yaml. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "cli/outcome.h"

namespace cli {

struct ImportOptions {
  std::string file = "devspace.yaml";            // for messages
  std::string name;                              // of the resource; empty: of the project
  std::string namespace_name;                    // of the resource; empty: said by who applies it
  std::map<std::string, std::string> variables;  // --var: win over those of the file
  base::EnvironmentVariables environment;        // win over defaults, as in DevSpace
};

struct Imported {
  std::string manifest;            // JSON
  std::vector<std::string> notes;  // what was not carried over, and what to do about it
};

// Strict about types and values: what is wrong is a failure that begins with FILE:LINE:COLUMN, and
// so is what DevSpace takes for its local registry and the CRD does not. What is right and yet no
// part of a LocalRegistry is a note. The API server takes every manifest that is returned.
Outcome<Imported> import_devspace(std::string_view yaml, const ImportOptions& options);

}  // namespace cli
