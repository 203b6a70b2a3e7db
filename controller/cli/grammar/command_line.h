// CommandLine is the parsed command line. Values.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/cluster/connection.h"
#include "cli/commands/build.h"
#include "cli/commands/check.h"
#include "cli/commands/exec.h"
#include "cli/commands/import.h"
#include "cli/commands/push.h"
#include "cli/commands/rewrite.h"
#include "cli/commands/status.h"
#include "cli/commands/wait.h"
#include "cli/grammar/completion.h"
#include "cli/terminal/outcome.h"

namespace cli {

using Command = std::variant<StatusCommand, UrlCommand, WaitCommand, EnvCommand, ExecCommand,
                             ImportCommand, RewriteCommand, CheckCommand, PushCommand, BuildCommand,
                             CompletionCommand, CompleteCommand>;

struct CommandLine {
  Connection connection;
  Command command;
  std::string print;  // text of --help or --version; if not empty, no command runs
};

// Parses `words`, the arguments without the name of the program. kUsage: the message names the
// wrong flag or argument.
Outcome<CommandLine> parse_command_line(const std::vector<std::string>& words,
                                        const std::string& version);

}  // namespace cli
