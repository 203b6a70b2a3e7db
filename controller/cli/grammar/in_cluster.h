// This file connects a command to the cluster that --kubeconfig, --context and --namespace select.
// The functions are called on one thread; run_in_cluster() blocks.
#pragma once

#include <type_traits>

#include "cli/cluster/cluster.h"
#include "cli/grammar/command.h"

namespace cli {

// Runs the coroutine that make(session) returns, an awaitable<Outcome<T>>, and returns its result.
// The connection has ended then, so that this process has no other threads. Errors: also those of
// Cluster::make().
template <class Make>
auto ask_cluster(const Invocation& invocation, Make make) {
  using Result = typename std::invoke_result_t<Make, const ClusterSession&>::value_type;
  const auto cluster = Cluster::make(invocation.connection, invocation.version,
                                     invocation.environment, invocation.console);
  if (!cluster) return Result(cluster.error());
  return (*cluster)->run(make((*cluster)->session()));
}

// Runs the coroutine run(session, command) of a command that needs only a ClusterSession. Errors:
// those of Cluster::make() and of the coroutine.
template <class T>
Outcome<int> run_in_cluster(const Invocation& invocation, const T& command) {
  return ask_cluster(invocation,
                     [&](const ClusterSession& session) { return run(session, command); });
}

}  // namespace cli
