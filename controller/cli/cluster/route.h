// find_registry_route() decides how this machine reaches the registry: at localhost:<nodePort> if
// the registry answers there, else through the API server. Coroutines run on the thread of the
// io_context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/local_registry.h"
#include "cli/cluster/connection.h"
#include "cli/cluster/kubectl_forward.h"
#include "cli/cluster/session.h"
#include "cli/terminal/outcome.h"

namespace cli {

enum class Via {
  kAuto,       // the node port if this registry answers there, else the API server
  kNode,       // the node port, without a check of what answers there
  kApiServer,  // kubectl port-forward
};

struct RegistryRoute {
  std::string address;  // "localhost:31234" or "127.0.0.1:40001"
  // If not null, forward->run() must run while the route is used.
  std::unique_ptr<KubectlForward> forward;
};

// Finds the route to the registry. kNotReady: the registry has no node port, or none of its pods
// runs. kFailure: the registry cannot be reached.
boost::asio::awaitable<Outcome<RegistryRoute>> find_registry_route(
    const ClusterSession& session, Connection connection, const api::LocalRegistry& registry,
    Via via);

}  // namespace cli
