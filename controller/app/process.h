// Process runs the operator outside of tests: it connects the Program to the API server, the real
// clock, registries and HTTP endpoints, and runs the event loop.
//
// There is one Process, which main() creates. All coroutines run on the thread that calls run().
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "app/endpoints.h"
#include "app/options.h"
#include "app/program.h"
#include "kube/config/config.h"
#include "kube/https_transport.h"
#include "registry/push_checker.h"

namespace app {

class Process {
 public:
  // `version`: for the metrics.
  Process(const Options& options, std::string version);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Reads the kubeconfig or in-cluster configuration, creates all parts and listens on the
  // addresses. Returns nullopt on success. On failure, logs the reason and returns the exit code.
  // Call it once, before run().
  std::optional<ExitCode> start();

  // Runs until stop() is called and everything has ended. Returns the exit code.
  ExitCode run();

  // Begins to stop. `number`: the signal, SIGTERM or SIGINT. After SIGTERM, which the kubelet
  // sends, the webhook serves for limits::kWebhookDrain more. After SIGINT, which a user sends from
  // a terminal, it does not.
  void stop(int number);

  boost::asio::io_context& context() { return context_; }

 private:
  base::Result<void> connect();
  boost::asio::awaitable<void> give_back_memory();

  Options options_;
  std::string version_;
  base::Logger logger_;
  base::SystemClock clock_;
  base::Random random_ = base::Random::from_device();
  boost::asio::io_context context_{1};
  kube::ClientConfig config_;
  std::unique_ptr<kube::Transport> transport_;
  std::optional<registry::PushChecker> push_checker_;
  std::optional<Program> program_;
  std::optional<Endpoints> endpoints_;
};

}  // namespace app
