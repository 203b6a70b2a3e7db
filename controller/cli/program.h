// run_program() runs the plugin from its command line to its exit code. Blocks; on one thread.
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"
#include "cli/terminal/output.h"

namespace cli {

// Returns the exit code. `arguments` begins with the name of the program, which may be
// kubectl_complete-localregistry.
int run_program(std::vector<std::string> arguments, const std::string& version,
                const base::EnvironmentVariables& environment, Console& console);

}  // namespace cli
