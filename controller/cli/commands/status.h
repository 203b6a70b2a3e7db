// The commands status and url print the state and the addresses of a LocalRegistry.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/local_registry.h"
#include "base/time.h"
#include "cli/cluster/session.h"
#include "cli/grammar/command.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct StatusCommand {
  std::string registry;
  Output output = Output::kPeople;
};

struct UrlCommand {
  std::string registry;
  bool in_cluster = false;  // print the address for Pods
  Output output = Output::kPeople;
};

// Returns what the status command prints, several lines. Pure.
std::string describe(const api::LocalRegistry& registry, base::Time now);

boost::asio::awaitable<Outcome<int>> run(const ClusterSession& session, StatusCommand command);
boost::asio::awaitable<Outcome<int>> run(const ClusterSession& session, UrlCommand command);

CommandEntry status_command();
CommandEntry url_command();

}  // namespace cli
