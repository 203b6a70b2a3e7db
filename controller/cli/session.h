// What a command has at hand: the API server, the namespace, where to print. Made by the program or
// a test, which own what it refers to; on the thread of the io_context.
#pragma once

#include <string>

#include "base/environment.h"
#include "cli/output.h"
#include "kube/environment.h"

namespace cli {

struct Session {
  kube::Environment kube;
  kube::Transport& transport;
  std::string namespace_name;  // -n, else of the context
  std::string context;         // its name; empty in a pod
  base::EnvironmentVariables variables;
  Console& console;
};

}  // namespace cli
