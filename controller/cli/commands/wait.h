// The wait command waits until a condition of a LocalRegistry is True.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "api/conditions.h"
#include "api/local_registry.h"
#include "cli/cluster/session.h"
#include "cli/grammar/command.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct WaitCommand {
  std::string registry;
  std::string condition{api::condition::kReady};
  std::chrono::milliseconds timeout{};
  Output output = Output::kPeople;
};

// Watches the LocalRegistry until the condition is True. Prints the reason why it is not, and each
// change of this reason, to standard error. kNotReady: the timeout expired. kNotFound: the
// LocalRegistry does not exist or was deleted.
boost::asio::awaitable<Outcome<int>> run(const ClusterSession& session, WaitCommand command);

CommandEntry wait_command();

}  // namespace cli
