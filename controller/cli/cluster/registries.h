// This file finds the LocalRegistry that a command works on. Coroutines run on the thread of the
// io_context; arguments that are passed by reference must outlive them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/local_registry.h"
#include "cli/cluster/session.h"
#include "cli/terminal/outcome.h"
#include "cli/terminal/output.h"

namespace cli {

// Returns the LocalRegistry with this name; for an empty name, the only one in the namespace.
// kNotFound: there is none, or the cluster has no CRD for LocalRegistries. kUsage: there are
// several; the message lists them. Other errors: see explain().
boost::asio::awaitable<Outcome<api::LocalRegistry>> find_registry(const ClusterSession& session,
                                                                  std::string name);

// Reads the complete LocalRegistry from the API server, prints it as JSON or YAML, and returns exit
// code 0. Errors: see explain().
boost::asio::awaitable<Outcome<int>> print_whole(const ClusterSession& session, api::ObjectKey key,
                                                 Output output);

// Converts an error of a request to the API server to a Failure. The message names the cause: no
// CRD, no connection, or no valid credentials.
Failure explain(const base::Error& error, const ClusterSession& session);

// Returns the name as kubectl prints it: "localregistry.localregistry.dev/dev".
std::string print_name(const api::LocalRegistry& registry);

}  // namespace cli
