// The exec command runs a program with the variables of DevSpace, once for each image.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "cli/cluster/session.h"
#include "cli/devspace/variables.h"
#include "cli/grammar/command.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct ExecCommand {
  std::string registry;
  std::string image;
  std::vector<std::string> command;
};

// HookRuns holds the command, and one set of variables for each run.
struct HookRuns {
  std::vector<std::string> command;
  std::vector<std::vector<Variable>> variables;
};

// Reads the LocalRegistry and computes the variables. Errors: those of find_registry() and
// image_variables().
boost::asio::awaitable<Outcome<HookRuns>> prepare(const ClusterSession& session,
                                                  ExecCommand command);

// Executes the runs one after the other until one fails, and returns the exit code of the last run.
// After a signal to this process, no further run starts. Blocks. The process must have no other
// threads, such as those of connections; otherwise the command may miss signals.
int run_hooks(Console& console, const HookRuns& runs);

CommandEntry exec_command();

}  // namespace cli
