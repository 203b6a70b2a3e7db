// Which LocalRegistry a command is about. Arguments outlive the coroutines.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/local_registry.h"
#include "cli/outcome.h"
#include "cli/session.h"
#include "json/value.h"

namespace cli {

// The one of that name, or without a name the only one in the namespace. kNotFound: there is none,
// or no such type. kUsage: there are several, which the message lists.
boost::asio::awaitable<Outcome<api::LocalRegistry>> find_registry(const Session& session,
                                                                  std::string name);

// The object as the API server has it, for -o json and yaml.
boost::asio::awaitable<Outcome<json::Document>> read_object(const Session& session,
                                                            api::ObjectKey key);

// The failure for what the API server answered, with what to do about it.
Failure explain(const base::Error& error, const Session& session);

// Whether a condition is True, and was computed from the spec as it is now.
bool holds(const api::LocalRegistry& registry, const std::string& condition);

// "localregistry.localregistry.dev/dev"
std::string print_name(const api::LocalRegistry& registry);

}  // namespace cli
