// run_program() runs the plugin from its command line to its exit code. It blocks until the command
// has ended, and is called on one thread.
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"
#include "cli/terminal/output.h"

namespace cli {

// Returns the exit code. `arguments` begins with the name of the program. If that is
// kubectl_complete-localregistry, prints completion candidates.
int run_program(std::vector<std::string> arguments, const std::string& version,
                const base::EnvironmentVariables& environment, Console& console);

}  // namespace cli
