// The env command prints the variables of DevSpace for other programs.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "cli/cluster/session.h"
#include "cli/devspace/variables.h"
#include "cli/grammar/command.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct EnvCommand {
  std::string registry;
  std::string image;  // name in spec.images; empty: all
  VariablesFormat format = VariablesFormat::kShell;
};

boost::asio::awaitable<Outcome<int>> run(const ClusterSession& session, EnvCommand command);

CommandEntry env_command();

}  // namespace cli
