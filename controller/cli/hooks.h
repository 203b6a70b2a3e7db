// env and exec: the variables of DevSpace for other programs.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "cli/outcome.h"
#include "cli/session.h"
#include "cli/variables.h"

namespace cli {

struct EnvCommand {
  std::string registry;
  std::string image;  // of spec.images; empty: all
  VariablesFormat format = VariablesFormat::kShell;
};

struct ExecCommand {
  std::string registry;
  std::string image;
  std::vector<std::string> command;
};

boost::asio::awaitable<Outcome<int>> run(const Session& session, EnvCommand command);

// What exec is to run: one set of variables for each run.
struct HookRuns {
  std::vector<std::string> command;
  std::vector<std::vector<Variable>> variables;
};

boost::asio::awaitable<Outcome<HookRuns>> prepare(const Session& session, ExecCommand command);

// One after the other, until one fails: its code is the result. Blocks. Signals reach the command
// only when there are no other threads, as those of connections may be.
int run_hooks(Console& console, const HookRuns& runs);

}  // namespace cli
