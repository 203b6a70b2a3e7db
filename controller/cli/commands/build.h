// The build command runs buildctl, by which the BuildKit sidecar in the registry's pod builds an
// image and pushes it to the registry.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "api/local_registry.h"
#include "cli/cluster/connection.h"
#include "cli/cluster/session.h"
#include "cli/grammar/command.h"
#include "cli/terminal/hook_process.h"
#include "cli/terminal/outcome.h"

namespace cli {

struct BuildCommand {
  std::string context = ".";
  std::vector<std::string> tags;  // -t: image references, or names of declared images
  std::string registry;
  std::string file;  // path of the Dockerfile; empty: CONTEXT/Dockerfile
  std::string target;
  std::string progress;
  std::vector<std::string> build_args;
  std::vector<std::string> platforms;
  std::vector<std::string> secrets;
  std::vector<std::string> ssh;
  bool no_cache = false;
  Output output = Output::kPeople;
};

// BuildRun is a prepared call of buildctl.
struct BuildRun {
  std::vector<std::string> command;
  std::vector<Variable> variables;   // override the environment of this process
  std::vector<std::string> results;  // references by which Pods pull the image
  Output output = Output::kPeople;
};

// Returns the output after a successful build: the references, one per line (kPeople and kName), or
// JSON or YAML. Pure.
std::string print(const BuildRun& run);

// Makes the command line of buildctl. `pod`: name of the registry's pod. Errors: those of
// push_targets(); kFailure also if an image is loaded into KinD's nodes, because no BuildKit runs
// then. Pure.
Outcome<BuildRun> build_run(const api::LocalRegistry& registry, const std::string& pod,
                            const Connection& connection, const BuildCommand& command);

// Prepares the call of buildctl: reads the LocalRegistry and finds its pod. kNotReady: the
// condition BuildKitReady is not True. Other errors: those of find_registry(), find_pod() and
// build_run().
boost::asio::awaitable<Outcome<BuildRun>> prepare(const ClusterSession& session,
                                                  Connection connection, BuildCommand command);

// Runs buildctl and prints the references. Blocks until buildctl ends. The process must have no
// other threads (see hook_process.h). kFailure: buildctl is missing or failed.
Outcome<int> run_build(Console& console, const BuildRun& run);

CommandEntry build_command();

}  // namespace cli
