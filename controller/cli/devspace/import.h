// import_devspace() makes a LocalRegistry from the sections localRegistry and images of a
// devspace.yaml. The function is pure and can be called on any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct ImportOptions {
  std::string file = "devspace.yaml";  // name of the file in messages
  std::string name;                    // of the LocalRegistry; empty: the project name, or "dev"
  std::string namespace_name;          // of the LocalRegistry; empty: none in the manifest
  std::map<std::string, std::string> variables;  // from --var; override the file
  base::EnvironmentVariables environment;        // overrides default values
};

struct Imported {
  std::string manifest;            // JSON
  std::vector<std::string> notes;  // what was not carried over, and what to do about it
};

// Converts the text of a devspace.yaml. A wrong type or value is a failure whose message begins
// with FILE:LINE:COLUMN; a value that DevSpace accepts for its local registry but the CRD refuses
// is a failure, too. For a valid part of the file that a LocalRegistry cannot represent, the result
// has a note. The API server accepts every manifest that is returned. No message shows the value of
// a variable with `password: true`.
Outcome<Imported> import_devspace(std::string_view yaml, const ImportOptions& options);

}  // namespace cli
