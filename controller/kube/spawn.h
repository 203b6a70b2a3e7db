// Starts programs: the one place where processes are made. On the thread that outlives them.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace kube {

struct Spawn {
  std::vector<std::string> words;  // the program, found in PATH when it has no slash; arguments
  std::vector<std::pair<std::string, std::string>> environment;  // over that of this process
  int input = -1;              // descriptor that becomes standard input; -1: that of this process
  int output = -1;             // the same for standard output
  bool merges_errors = false;  // standard error goes where standard output goes
  bool closes_others = false;  // all descriptors from 3 on
  bool own_group = false;      // not in the process group of this process
  std::vector<int> default_signals;  // that this process may ignore and the program shall not
  const sigset_t* mask = nullptr;    // blocked signals; nullptr: none
  int death_signal = 0;              // sent to the program when this process ends
};

// The process ID in pid. Returns 0, or the errno that says why the program was not started: ENOENT
// when there is no such program. The kernel sends `death_signal` even when this process is killed,
// so that no program is left behind.
int spawn(const Spawn& program, pid_t& pid);

}  // namespace kube
