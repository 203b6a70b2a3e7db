// The import command reads a devspace.yaml and prints a LocalRegistry.
#pragma once

#include "cli/devspace/import.h"
#include "cli/grammar/command.h"
#include "cli/terminal/output.h"

namespace cli {

struct ImportCommand {
  ImportOptions options;
  Output output = Output::kYaml;
};

// Prints the LocalRegistry to standard output, and notes to standard error. Errors: those of
// read_input() and import_devspace().
Outcome<int> run(Console& console, const ImportCommand& command);

CommandEntry import_command();

}  // namespace cli
