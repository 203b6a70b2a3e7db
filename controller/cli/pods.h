// The pod that runs a registry.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/local_registry.h"
#include "cli/outcome.h"
#include "cli/session.h"

namespace cli {

// The metadata of the registry's pod that is ready, or of one that at least runs. kNotReady: there
// is none. The registry outlives the coroutine.
boost::asio::awaitable<Outcome<api::ObjectMeta>> find_pod(const Session& session,
                                                          const api::LocalRegistry& registry);

}  // namespace cli
