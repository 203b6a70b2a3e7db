// This file finds the LocalRegistry that a command works on. Arguments that are passed by reference
// must outlive the coroutines.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/local_registry.h"
#include "cli/cluster/session.h"
#include "cli/terminal/outcome.h"
#include "cli/terminal/output.h"

namespace cli {

// Returns the LocalRegistry of that name; for an empty name, the only one in the namespace.
// kNotFound: there is none, or the cluster does not have the type. kUsage: there are several; the
// message lists them.
boost::asio::awaitable<Outcome<api::LocalRegistry>> find_registry(const ClusterSession& session,
                                                                  std::string name);

// Reads the complete object from the API server and prints it as JSON or YAML. Returns exit code 0.
boost::asio::awaitable<Outcome<int>> print_whole(const ClusterSession& session, api::ObjectKey key,
                                                 Output output);

// Converts an error of a request to the API server to a Failure whose message names the remedy.
Failure explain(const base::Error& error, const ClusterSession& session);

// Returns the name as kubectl prints it: "localregistry.localregistry.dev/dev".
std::string print_name(const api::LocalRegistry& registry);

}  // namespace cli
