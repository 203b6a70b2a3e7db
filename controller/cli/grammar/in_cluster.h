// This file connects a command to the cluster that the flags of every command select. Blocks; on
// one thread.
#pragma once

#include <memory>

#include "cli/cluster/cluster.h"
#include "cli/grammar/command.h"

namespace cli {

// Errors: those of Cluster::make(). `invocation` must outlive the Cluster.
inline Outcome<std::unique_ptr<Cluster>> connect(const Invocation& invocation) {
  return Cluster::make(invocation.connection, invocation.version, invocation.environment,
                       invocation.console);
}

// Runs a command that needs nothing but a ClusterSession: the coroutine run(session, command).
template <class T>
Outcome<int> run_in_cluster(const Invocation& invocation, const T& command) {
  const auto cluster = connect(invocation);
  if (!cluster) return cluster.error();
  return (*cluster)->run(run((*cluster)->session(), command));
}

}  // namespace cli
