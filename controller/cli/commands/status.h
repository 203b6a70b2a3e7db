// The commands status and url print the state and the addresses of a LocalRegistry.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/local_registry.h"
#include "base/time.h"
#include "cli/cluster/session.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct StatusCommand {
  std::string registry;
  Output output = Output::kPeople;
};

struct UrlCommand {
  std::string registry;
  bool in_cluster = false;  // the address for Pods
  Output output = Output::kPeople;
};

// Returns what the status command prints, several lines. Pure.
std::string describe(const api::LocalRegistry& registry, base::Time now);

// Returns status.url, or status.clusterURL if `in_cluster`. kNotReady: no registry runs; the
// message has the reason. kFailure: the value is not HOST:PORT, which shells and pushes rely on.
// Pure.
Outcome<std::string> url_of(const api::LocalRegistry& registry, bool in_cluster);

boost::asio::awaitable<Outcome<int>> run(const ClusterSession& session, StatusCommand command);
boost::asio::awaitable<Outcome<int>> run(const ClusterSession& session, UrlCommand command);

}  // namespace cli
