// find_pod() finds the pod that runs a registry. It runs on the thread of the io_context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/local_registry.h"
#include "cli/cluster/session.h"
#include "cli/terminal/outcome.h"

namespace cli {

// Returns the metadata of a ready pod of the registry; if none is ready, of one that runs.
// kNotReady: no pod runs, apart from pods that are being deleted. Other errors: see explain().
// `registry` must outlive the coroutine.
boost::asio::awaitable<Outcome<api::ObjectMeta>> find_pod(const ClusterSession& session,
                                                          const api::LocalRegistry& registry);

}  // namespace cli
