// The kubectl plugin: wiring only.
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "base/core_dumps.h"
#include "cli/program.h"

int main(int count, char** arguments) {
  base::forbid_core_dumps();  // credentials are in memory
  // A reader that went away is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  cli::Console console{std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1};
  return cli::run_program(std::vector<std::string>(arguments, arguments + count), VERSION,
                          base::process_environment(), console);
}
