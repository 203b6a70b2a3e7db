// check: may the user push these images? Asked of their own registries with the user's own
// credentials.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/environment.h"
#include "cli/outcome.h"
#include "cli/output.h"
#include "cli/session.h"
#include "registry/push_checker.h"

namespace cli {

struct CheckCommand {
  std::vector<std::string> images;  // empty: those that the LocalRegistry declares
  std::string registry;
  std::vector<std::string> insecure_registries;
  std::string ca_file;
  Output output = Output::kPeople;
};

struct Checked {
  std::string image;  // as it was asked for
  registry::PushAnswer answer;
};

// What is printed of the answers; kName: the images that may be pushed, one a line. Pure.
std::string print(const std::vector<Checked>& checked, Output output);

// What the LocalRegistry declares.
boost::asio::awaitable<Outcome<std::vector<std::string>>> declared_images(const Session& session,
                                                                          std::string registry);

// The code is 0 only when all may be pushed. kUsage: one is no reference. environment, console and
// clock outlive the call.
boost::asio::awaitable<Outcome<int>> run(boost::asio::any_io_executor executor, base::Clock& clock,
                                         const base::EnvironmentVariables& environment,
                                         Console& console, CheckCommand command);

}  // namespace cli
