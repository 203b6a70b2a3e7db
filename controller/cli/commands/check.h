// The check command reports whether the user may push images to the images' own registries. The
// command sends requests to those registries with the user's own credentials.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/environment.h"
#include "cli/cluster/session.h"
#include "cli/grammar/command.h"
#include "cli/terminal/outcome.h"
#include "cli/terminal/output.h"
#include "registry/push_checker.h"

namespace cli {

struct CheckCommand {
  std::vector<std::string> images;  // empty: the images that the LocalRegistry declares
  std::string registry;
  std::vector<std::string> insecure_registries;
  std::string ca_file;
  Output output = Output::kPeople;
};

struct Checked {
  std::string image;  // as the user wrote it
  registry::PushAnswer answer;
};

// Returns the output of the command. kName: the images that the user may push, one per line. Pure.
std::string print(const std::vector<Checked>& checked, Output output);

// Returns the images in spec.images of the LocalRegistry. kNotFound: it declares none. Other
// errors: those of find_registry().
boost::asio::awaitable<Outcome<std::vector<std::string>>> declared_images(
    const ClusterSession& session, std::string registry);

// Checks the images one after the other and prints the answers. The exit code is 0 only if the user
// may push all of them. kUsage: an image is not a reference, or --insecure-registry or --ca-file is
// wrong. `environment`, `console` and `clock` must outlive the call.
boost::asio::awaitable<Outcome<int>> run(boost::asio::any_io_executor executor, base::Clock& clock,
                                         const base::EnvironmentVariables& environment,
                                         Console& console, CheckCommand command);

CommandEntry check_command();

}  // namespace cli
