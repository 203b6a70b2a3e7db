// This file connects a command to the cluster that --kubeconfig, --context and --namespace select.
// The functions are called on one thread; run_in_cluster() blocks.
#pragma once

#include <memory>

#include "cli/cluster/cluster.h"
#include "cli/grammar/command.h"

namespace cli {

// Creates the Cluster for a command. Errors: those of Cluster::make(). `invocation` must outlive
// the Cluster.
inline Outcome<std::unique_ptr<Cluster>> connect(const Invocation& invocation) {
  return Cluster::make(invocation.connection, invocation.version, invocation.environment,
                       invocation.console);
}

// Runs the coroutine run(session, command) of a command that needs only a ClusterSession. Errors:
// those of Cluster::make() and of the coroutine.
template <class T>
Outcome<int> run_in_cluster(const Invocation& invocation, const T& command) {
  const auto cluster = connect(invocation);
  if (!cluster) return cluster.error();
  return (*cluster)->run(run((*cluster)->session(), command));
}

}  // namespace cli
