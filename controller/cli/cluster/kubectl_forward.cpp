#include "cli/cluster/kubectl_forward.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ostream>

#include "async/parallel.h"
#include "base/limits.h"
#include "base/text/quote.h"
#include "base/text/text.h"

namespace cli {
namespace {

namespace asio = boost::asio;

// Returns whether klog, the log library of kubectl, wrote the line:
// "E1129 13:58:01.123456   12 portforward.go:424] …".
bool is_log(std::string_view line) {
  constexpr std::string_view kLevels = "IWEF";
  constexpr std::size_t kDigits = 4;  // month and day
  if (line.size() <= kDigits + 1 || kLevels.find(line.front()) == std::string_view::npos)
    return false;
  const std::string_view digits = line.substr(1, kDigits);
  return line[kDigits + 1] == ' ' && std::all_of(digits.begin(), digits.end(), base::is_digit);
}

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

std::uint16_t forwarded_port(std::string_view line) {
  constexpr std::string_view kBefore = "Forwarding from 127.0.0.1:";
  const std::size_t begin = line.find(kBefore);
  if (begin == std::string_view::npos) return 0;
  const std::string_view rest = line.substr(begin + kBefore.size());
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
  return error == std::errc() && stop != rest.data() + rest.size() ? port : 0;
}

ForwardLine kind_of_line(std::string_view line) {
  for (const std::string_view begin : {"Forwarding from ", "Handling connection for "}) {
    if (line.starts_with(begin)) return ForwardLine::kRoutine;
  }
  for (const std::string_view begin : {"error: ", "Error from server"}) {
    if (line.starts_with(begin)) return ForwardLine::kProblem;
  }
  return is_log(line) ? ForwardLine::kLog : ForwardLine::kOther;
}

KubectlForward::KubectlForward(asio::any_io_executor executor, base::Clock& clock, Console& console,
                               Connection connection, Find find)
    : executor_(std::move(executor)),
      clock_(clock),
      console_(console),
      connection_(std::move(connection)),
      find_(std::move(find)),
      confirms_(executor_),
      check_now_(executor_) {}

KubectlForward::~KubectlForward() = default;

void KubectlForward::take(const std::string& line) {
  switch (kind_of_line(line)) {
    case ForwardLine::kRoutine: break;
    case ForwardLine::kProblem: problem_ = base::reported(line); break;
    case ForwardLine::kLog:
      if (problem_.empty()) problem_ = base::reported(line.substr(line.find(']') + 1));
      break;
    case ForwardLine::kOther:
      if (!line.empty()) console_.err << printable(line) << std::endl;
      break;
  }
}

// Returns the next line of kubectl; empty once kubectl has closed its output.
asio::awaitable<base::Result<std::string>> KubectlForward::read_line(
    async::ChildProcess::Instant deadline) {
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos || unread_.size() > limits::kReportCharacters) {
      const std::size_t size = end == std::string::npos ? unread_.size() : end + 1;
      std::string line = unread_.substr(0, size);
      unread_.erase(0, size);
      co_return line;
    }
    auto reading = process_->read(deadline);
    const base::Result<std::string> part = co_await std::move(reading);
    if (!part) co_return part.error();
    if (part->empty()) co_return std::exchange(unread_, {});
    unread_ += *part;
  }
}

asio::awaitable<Outcome<>> KubectlForward::wait_for_port() {
  const auto deadline = std::chrono::steady_clock::now() + limits::kForwardStart;
  for (;;) {
    auto reading = read_line(deadline);
    const base::Result<std::string> line = co_await std::move(reading);
    if (!line || line->empty()) {
      const std::string why = !line              ? line.error().message
                              : problem_.empty() ? "kubectl ended unexpectedly"
                                                 : problem_;
      co_return Failure{
          ExitCode::kFailure,
          fmt::format("kubectl port-forward to {} in namespace {}: {}",
                      base::shown(target_.resource), base::shown(target_.namespace_name), why)};
    }
    if (const std::uint16_t port = forwarded_port(*line); port != 0) {
      port_ = port;
      co_return Outcome<>();
    }
    take(line->substr(0, line->find('\n')));
  }
}

asio::awaitable<Outcome<>> KubectlForward::start_process() {
  process_ = std::make_unique<async::ChildProcess>(executor_);
  unread_.clear();
  problem_.clear();
  async::Command command;
  command.program = "kubectl";
  command.arguments = forward_arguments(connection_, target_, port_);
  command.merges_errors = true;
  if (const auto started = process_->start(command); !started) {
    co_return Failure{
        ExitCode::kFailure,
        fmt::format("{}: kubectl must be on PATH to reach the registry through the API server",
                    started.error().message)};
  }
  auto waiting = wait_for_port();
  auto listening = co_await std::move(waiting);
  co_return listening;
}

asio::awaitable<Outcome<ForwardTarget>> KubectlForward::check_pod() {
  ++checks_;
  auto finding = find_();
  auto target = co_await std::move(finding);
  co_return target;
}

void KubectlForward::confirm() {
  last_confirmed_ = checks_;
  confirms_.notify();
}

asio::awaitable<Outcome<>> KubectlForward::start() {
  auto checking = check_pod();
  const Outcome<ForwardTarget> target = co_await std::move(checking);
  if (!target) co_return target.error();
  if (*target != target_) ++pods_;
  target_ = *target;
  auto starting = start_process();
  const Outcome<> started = co_await std::move(starting);
  if (!started) co_return started.error();
  listens_ = true;
  confirm();
  co_return Outcome<>();
}

asio::awaitable<void> KubectlForward::wait_for_confirmation() {
  const int before = checks_;
  check_now_.notify();
  while (!listens_ || last_confirmed_ <= before) co_await confirms_.wait();
}

// Returns once the process has closed its output.
asio::awaitable<void> KubectlForward::follow_output() {
  for (;;) {
    // kubectl prints a line for each connection, and blocks if its output is not read.
    auto reading = read_line(async::ChildProcess::Instant::max());
    const base::Result<std::string> line = co_await std::move(reading);
    if (!line || line->empty()) co_return;
    take(line->substr(0, line->find('\n')));
  }
}

// Returns once the pod that is forwarded to has ended or was replaced. While the API server does
// not answer, the pod is assumed to run.
asio::awaitable<void> KubectlForward::follow_pod() {
  for (;;) {
    co_await check_now_.wait_for(clock_, limits::kForwardCheck);
    auto checking = check_pod();
    const Outcome<ForwardTarget> target = co_await std::move(checking);
    if (target ? *target == target_ : target.error().code != ExitCode::kNotReady) {
      confirm();
      continue;
    }
    problem_ = target ? "another pod of the registry runs now" : "the pod has ended";
    co_return;
  }
}

// Starts kubectl again. Sets failure_ if no pod could be reached for limits::kForwardLost.
asio::awaitable<void> KubectlForward::connect_again() {
  const auto lost = clock_.now();
  for (;;) {
    co_await clock_.sleep_for(limits::kForwardRestart);
    auto starting = start();
    const Outcome<> started = co_await std::move(starting);
    if (started) co_return;
    if (clock_.now() - lost < limits::kForwardLost) continue;
    const std::chrono::seconds waited = limits::kForwardLost;
    failure_ = Failure{started.error().code,
                       fmt::format("the connection to the registry was lost and could not be "
                                   "restored for {} s: {}; push again once the registry is ready",
                                   waited.count(), started.error().message)};
    co_return;
  }
}

asio::awaitable<void> KubectlForward::run() {
  while (!failure_) {
    std::vector<asio::awaitable<void>> branches;
    branches.push_back(follow_output());
    branches.push_back(follow_pod());
    co_await async::run_until_one_ends(std::move(branches));
    listens_ = false;
    process_.reset();
    console_.err << printable(fmt::format(
                        "note: the connection to {} has ended{}; connecting again",
                        target_.resource, problem_.empty() ? "" : " (" + problem_ + ")"))
                 << std::endl;
    co_await connect_again();
  }
}

}  // namespace cli
