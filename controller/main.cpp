// This file is the main program of local-registry-operator: command line, signals and exit code.
// All coroutines run on one thread, the one that calls main().
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>

#include "app/options.h"
#include "app/process.h"
#include "base/core_dumps.h"
#include "base/limits.h"

namespace {

app::ExitCode run(const app::Options& options) {
  base::forbid_core_dumps();
  app::Process process(options, VERSION);
  if (const auto failed = process.start()) return *failed;
  boost::asio::signal_set signals(process.context(), SIGTERM, SIGINT);
  signals.async_wait([&process](const boost::system::error_code& failure, int number) {
    if (failure) return;
    process.stop(number);
    // The alarm ends the process if the shutdown hangs.
    std::signal(SIGALRM, SIG_DFL);
    ::alarm(static_cast<unsigned>(std::chrono::seconds(limits::kShutdown).count()));
  });
  return process.run();
}

}  // namespace

int main(int count, char** arguments) {
  const auto line = app::parse_command_line(count, arguments, VERSION);
  if (!line) {
    std::fprintf(stderr, "local-registry-operator: %s (try --help)\n",
                 line.error().message.c_str());
    return static_cast<int>(app::ExitCode::kUsage);
  }
  if (!line->print.empty()) {
    std::fputs(line->print.c_str(), stdout);
    return 0;
  }
  return static_cast<int>(run(line->options));
}
