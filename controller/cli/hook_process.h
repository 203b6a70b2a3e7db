// A command of the user's that is run in the foreground, with more variables in its environment.
// It shares the terminal and the process group; signals that another process sends to this one are
// passed on to it (what the terminal sends it gets by itself). Blocks the thread until it ends.
#pragma once

#include <string>
#include <vector>

#include "cli/variables.h"

namespace cli {

struct HookResult {
  int code = 0;         // its exit code; 128 and the number of the signal that ended it; as in a
                        // shell 127 when it is not there and 126 when it cannot be run
  int signal = 0;       // that came to this process meanwhile; 0: none
  std::string problem;  // why it could not be started; empty: it ran
};

HookResult run_hook(const std::vector<std::string>& command,
                    const std::vector<Variable>& variables);

}  // namespace cli
