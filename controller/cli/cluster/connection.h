// Connection holds the flags that every command has; these have the same names as in kubectl.
#pragma once

#include <chrono>
#include <string>

#include "base/limits.h"

namespace cli {

struct Connection {
  std::string kubeconfig;      // empty: $KUBECONFIG, ~/.kube/config, the pod's service account
  std::string context;         // empty: the current context
  std::string namespace_name;  // empty: the context's namespace
  std::chrono::milliseconds request_timeout = limits::kRequestTimeout;
};

}  // namespace cli
