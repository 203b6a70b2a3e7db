// spawn() starts other programs; no other code of the project does. The thread that calls spawn()
// must outlive the program, because the kernel sends `death_signal` when that thread ends.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace async {

struct Spawn {
  // The program and its arguments. A program without a slash is searched in PATH.
  std::vector<std::string> words;
  // Variables that the program gets besides those of this process; they take precedence.
  std::vector<std::pair<std::string, std::string>> environment;
  int input = -1;                    // becomes standard input; -1: standard input of this process
  int output = -1;                   // becomes standard output; -1: standard output of this process
  bool merges_errors = false;        // standard error is written to standard output
  bool closes_others = false;        // the program gets no descriptor above 2
  bool own_group = false;            // the program gets a new process group
  std::vector<int> default_signals;  // signals with their default action in the program
  const sigset_t* mask = nullptr;    // blocked signals; nullptr: none
  int death_signal = 0;              // sent to the program when this process ends; 0: none
};

// Starts a program and sets `pid` to its process ID. Returns 0, or the errno of the failure, for
// example ENOENT when the program does not exist. The kernel sends `death_signal` even when this
// process is killed, so that the program does not outlive this process.
int spawn(const Spawn& program, pid_t& pid);

}  // namespace async
