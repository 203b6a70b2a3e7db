// status and url: what a LocalRegistry is and where it is.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/local_registry.h"
#include "base/time.h"
#include "cli/outcome.h"
#include "cli/session.h"

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

// What people want to know of it, over several lines. Pure.
std::string describe(const api::LocalRegistry& registry, base::Time now);

// status.url, or status.clusterURL. kNotReady: no registry runs; the message says why. kFailure: it
// is no HOST:PORT, as a shell and a push may rely on. Pure.
Outcome<std::string> url_of(const api::LocalRegistry& registry, bool in_cluster);

boost::asio::awaitable<Outcome<int>> run(const Session& session, StatusCommand command);
boost::asio::awaitable<Outcome<int>> run(const Session& session, UrlCommand command);

}  // namespace cli
