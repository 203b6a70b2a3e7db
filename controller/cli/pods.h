// The pod that runs a registry.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "cli/outcome.h"
#include "cli/session.h"

namespace cli {

// The name of the pod of the registry `instance` that is ready, or of one that at least runs.
// kNotReady: there is none.
boost::asio::awaitable<Outcome<std::string>> find_pod(const Session& session,
                                                      std::string namespace_name,
                                                      std::string instance);

}  // namespace cli
