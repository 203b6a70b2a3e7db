// How the registry is reached from this machine: as localhost:<nodePort>, where that is this
// registry, else through the API server. On the thread of the io_context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/local_registry.h"
#include "cli/connection.h"
#include "cli/kubectl_forward.h"
#include "cli/outcome.h"
#include "cli/session.h"

namespace cli {

enum class Via {
  kAuto,       // the node port if it is this registry's, else the API server
  kNode,       // the node port, whoever answers there
  kApiServer,  // kubectl port-forward
};

struct Route {
  std::string address;                      // "localhost:31234" or "127.0.0.1:40001"
  std::unique_ptr<KubectlForward> forward;  // to be run while the route is used; may be null
};

// kNotReady: no pod of the registry runs. kFailure: it cannot be reached.
boost::asio::awaitable<Outcome<Route>> find_route(const Session& session, Connection connection,
                                                  const api::LocalRegistry& registry, Via via);

}  // namespace cli
