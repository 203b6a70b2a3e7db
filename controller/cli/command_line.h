// What the user typed. Values.
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
  std::string print;  // help or version; not empty: that is all there is to do
};

// words: without the name of the program. kUsage, with a message that names flag or argument.
Outcome<CommandLine> parse_command_line(const std::vector<std::string>& words,
                                        const std::string& version);

}  // namespace cli
