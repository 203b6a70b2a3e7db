// find_pod() finds the pod that runs a registry.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/local_registry.h"
#include "cli/cluster/session.h"
#include "cli/terminal/outcome.h"

namespace cli {

// Returns the metadata of the registry's pod: of a ready one, else of one that runs. kNotReady:
// there is none, or it is being deleted. Other errors: see explain(). `registry` must outlive the
// coroutine.
boost::asio::awaitable<Outcome<api::ObjectMeta>> find_pod(const ClusterSession& session,
                                                          const api::LocalRegistry& registry);

}  // namespace cli
