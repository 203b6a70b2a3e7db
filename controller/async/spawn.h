// This file alone starts other programs. spawn() is called on a thread that outlives the program:
// the kernel sends `death_signal` when that thread ends.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace async {

struct Spawn {
  std::vector<std::string> words;  // the program, found in PATH when it has no slash; arguments
  std::vector<std::pair<std::string, std::string>> environment;  // overrides this process's own
  int input = -1;              // descriptor that becomes standard input; -1: that of this process
  int output = -1;             // descriptor that becomes standard output; -1: that of this process
  bool merges_errors = false;  // standard error goes where standard output goes
  bool closes_others = false;  // closes all descriptors from 3 on
  bool own_group = false;      // the program gets a new process group
  std::vector<int> default_signals;  // reset to their default action in the program
  const sigset_t* mask = nullptr;    // blocked signals; nullptr: none
  int death_signal = 0;              // sent to the program when this process ends; 0: none
};

// Starts a program and sets `pid` to its process ID. Returns 0, or the errno of the failure: ENOENT
// when there is no such program. The kernel sends `death_signal` even when this process is killed,
// so that the program does not outlive it.
int spawn(const Spawn& program, pid_t& pid);

}  // namespace async
