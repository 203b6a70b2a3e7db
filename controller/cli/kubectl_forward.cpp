#include "cli/kubectl_forward.h"

#include <fmt/core.h>

#include <charconv>
#include <chrono>

#include "base/limits.h"

namespace cli {
namespace {

namespace asio = boost::asio;

}  // namespace

std::vector<std::string> forward_arguments(const Connection& connection,
                                           const ForwardTarget& target, std::uint16_t local_port) {
  std::vector<std::string> arguments = {"port-forward", "--address", "127.0.0.1", "--namespace",
                                        target.namespace_name};
  if (!connection.kubeconfig.empty()) {
    arguments.insert(arguments.end(), {"--kubeconfig", connection.kubeconfig});
  }
  if (!connection.context.empty()) {
    arguments.insert(arguments.end(), {"--context", connection.context});
  }
  arguments.push_back(target.resource);
  arguments.push_back(local_port == 0 ? fmt::format(":{}", target.port)
                                      : fmt::format("{}:{}", local_port, target.port));
  return arguments;
}

std::uint16_t forwarded_port(std::string_view output) {
  constexpr std::string_view kBefore = "Forwarding from 127.0.0.1:";
  const std::size_t begin = output.find(kBefore);
  if (begin == std::string_view::npos) return 0;
  const std::string_view rest = output.substr(begin + kBefore.size());
  // A number that is cut by the end of what was printed so far is not taken.
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
  return error == std::errc() && stop != rest.data() + rest.size() ? port : 0;
}

KubectlForward::KubectlForward(asio::any_io_executor executor, base::Clock& clock,
                               Connection connection, ForwardTarget target)
    : executor_(std::move(executor)),
      clock_(clock),
      connection_(std::move(connection)),
      target_(std::move(target)) {}

KubectlForward::~KubectlForward() = default;

asio::awaitable<Outcome<>> KubectlForward::start() {
  process_ = std::make_unique<kube::ChildProcess>(executor_);
  kube::Command command;
  command.program = "kubectl";
  command.arguments = forward_arguments(connection_, target_, port_);
  if (const auto started = process_->start(command); !started) {
    co_return Failure{ExitCode::kFailure,
                      fmt::format("{}: kubectl has to be on PATH to reach the registry through the "
                                  "API server",
                                  started.error().message)};
  }
  const auto deadline = std::chrono::steady_clock::now() + limits::kForwardStart;
  std::string output;
  for (;;) {
    auto reading = process_->read(deadline);
    const base::Result<std::string> part = co_await std::move(reading);
    if (!part || part->empty()) {
      co_return Failure{ExitCode::kFailure, fmt::format("kubectl port-forward to {} in {} {}",
                                                        target_.resource, target_.namespace_name,
                                                        part ? "has ended" : part.error().message)};
    }
    output += *part;
    if (const std::uint16_t port = forwarded_port(output); port != 0) {
      port_ = port;
      co_return Outcome<>();
    }
  }
}

asio::awaitable<void> KubectlForward::run() {
  for (;;) {
    // It says of each connection that there is one, and stops when nobody reads it.
    auto reading = process_->read(std::chrono::steady_clock::time_point::max());
    const base::Result<std::string> part = co_await std::move(reading);
    if (part && !part->empty()) continue;
    co_await clock_.sleep_for(limits::kForwardRestart);
    // What is wrong kubectl says itself; the uploads see that nobody answers.
    auto starting = start();
    co_await std::move(starting);
  }
}

}  // namespace cli
