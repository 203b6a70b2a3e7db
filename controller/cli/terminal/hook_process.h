// run_hook() runs a command of the user in the foreground, with additional environment variables.
// The command shares the terminal and the process group of this process. Signals that another
// process sends to this process are forwarded to the command; the terminal sends its signals to the
// command directly. Blocks the thread until the command ends. The process must have no other
// threads, because these could receive the signals instead.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cli {

using Variable = std::pair<std::string, std::string>;  // name and value

// HookResult::code of a command that does not exist.
inline constexpr int kNotThere = 127;

struct HookResult {
  // The exit code of the command. As in a shell, it is 128 plus the number of the signal if a
  // signal ended the command, 127 if the command does not exist, and 126 if it cannot be run.
  int code = 0;
  int signal = 0;       // last signal that this process got during the run; 0: none
  std::string problem;  // why the command did not start; empty if it started
};

HookResult run_hook(const std::vector<std::string>& command,
                    const std::vector<Variable>& variables);

}  // namespace cli
