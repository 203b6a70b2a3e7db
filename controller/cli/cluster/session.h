// ClusterSession holds what a command needs: the connection to the API server, the namespace and
// the streams to print to. The program or a test creates it and owns the objects that it refers to.
// A ClusterSession is used on the thread of the io_context.
#pragma once

#include <string>

#include "base/environment.h"
#include "cli/terminal/output.h"
#include "kube/environment.h"

namespace cli {

struct ClusterSession {
  kube::Environment kube;
  kube::Transport& transport;
  std::string namespace_name;  // -n, else the namespace of the context
  std::string context;         // name of the context; empty in a pod
  base::EnvironmentVariables variables;
  Console& console;
};

}  // namespace cli
