// This file is the main program of the kubectl plugin. It only calls cli::run_program.
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "base/core_dumps.h"
#include "cli/program.h"

int main(int count, char** arguments) {
  base::forbid_core_dumps();  // the memory holds credentials
  // If the reader of a pipe has exited, a write returns an error instead of ending the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  cli::Console console{std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1};
  return cli::run_program(std::vector<std::string>(arguments, arguments + count), VERSION,
                          base::process_environment(), console);
}
