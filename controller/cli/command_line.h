// CommandLine is the parsed command line. Values.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/build.h"
#include "cli/check.h"
#include "cli/completion.h"
#include "cli/connection.h"
#include "cli/hooks.h"
#include "cli/import_command.h"
#include "cli/outcome.h"
#include "cli/push.h"
#include "cli/rewrite_command.h"
#include "cli/status.h"
#include "cli/wait.h"

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
