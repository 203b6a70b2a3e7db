// The import command reads a devspace.yaml and prints a LocalRegistry.
#pragma once

#include "cli/import.h"
#include "cli/output.h"

namespace cli {

struct ImportCommand {
  ImportOptions options;
  Output output = Output::kYaml;
};

// Notes go to standard error.
Outcome<int> run(Console& console, const ImportCommand& command);

}  // namespace cli
