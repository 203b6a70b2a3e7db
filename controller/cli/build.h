// build: BuildKit beside the registry builds an image and pushes it there; buildctl drives it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "api/local_registry.h"
#include "cli/connection.h"
#include "cli/outcome.h"
#include "cli/session.h"
#include "cli/variables.h"

namespace cli {

struct BuildCommand {
  std::string context = ".";
  std::vector<std::string> tags;  // -t: references, or names of declared images
  std::string registry;
  std::string file;  // the Dockerfile; empty: the one in the context
  std::string target;
  std::string progress;
  std::vector<std::string> build_args;
  std::vector<std::string> platforms;
  std::vector<std::string> secrets;
  std::vector<std::string> ssh;
  bool no_cache = false;
  Output output = Output::kPeople;
};

// What buildctl is run with.
struct BuildRun {
  std::vector<std::string> command;
  std::vector<Variable> variables;   // over those of this process
  std::vector<std::string> results;  // the references for Pods
  Output output = Output::kPeople;
};

// What is printed once it was built: the references, one a line (also for kName), or JSON or YAML.
// Pure.
std::string print(const BuildRun& run);

// pod: where BuildKit runs. kUsage, kNotReady, kFailure. Pure.
Outcome<BuildRun> build_run(const api::LocalRegistry& registry, const std::string& pod,
                            const Connection& connection, const BuildCommand& command);

boost::asio::awaitable<Outcome<BuildRun>> prepare(const Session& session, Connection connection,
                                                  BuildCommand command);

// Runs it and prints the references. Blocks; there may be no other threads.
Outcome<int> run_build(Console& console, const BuildRun& run);

}  // namespace cli
