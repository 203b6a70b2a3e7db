#include "cli/commands/wait.h"

#include <fmt/core.h>

#include <optional>
#include <ostream>
#include <vector>

#include "async/parallel.h"
#include "async/signal.h"
#include "base/text/duration.h"
#include "cli/cluster/registries.h"
#include "cli/cluster/registry_status.h"
#include "cli/grammar/in_cluster.h"
#include "cli/terminal/duration.h"
#include "kube/watch/watcher.h"

namespace cli {
namespace {

namespace asio = boost::asio;

// Progress watches one LocalRegistry and prints what the command waits for.
class Progress final : public kube::WatchSink, public kube::WatchObserver {
 public:
  Progress(const ClusterSession& session, const WaitCommand& command, std::string name)
      : session_(session),
        condition_(command.condition),
        name_(std::move(name)),
        ended_(session.kube.executor) {}

  void begin_relist() override { seen_ = false; }

  base::Result<void> put(json::View object) override {
    const auto registry = json::decode<api::LocalRegistry>(object);
    if (!registry) return registry.error();
    seen_ = true;
    check(*registry);
    return {};
  }

  base::Result<void> erase(json::View) override {
    end(Failure{ExitCode::kNotFound, fmt::format("LocalRegistry {} was deleted", name_)});
    return {};
  }

  void end_relist(std::uint64_t) override {
    if (!seen_) static_cast<void>(erase(json::View(nullptr)));
  }

  void progress(std::uint64_t) override {}

  void waiting(const api::ResourceType&, const std::string& what) override {
    if (!what.empty()) report(what);
  }

  void check(const api::LocalRegistry& registry) {
    missing_ = why_not_true(registry, condition_);
    if (missing_.empty()) {
      end(0);
    } else {
      report(missing_);
    }
  }

  asio::awaitable<void> ended() {
    while (!outcome_) co_await ended_.wait();
  }

  const std::optional<Outcome<int>>& outcome() const { return outcome_; }
  const std::string& missing() const { return missing_; }

 private:
  void end(Outcome<int> outcome) {
    if (!outcome_) outcome_ = std::move(outcome);
    ended_.notify();
  }

  void report(const std::string& what) {
    if (what == reported_) return;
    reported_ = what;
    session_.console.err << printable(
                                fmt::format("waiting for condition {} of LocalRegistry {}: {}",
                                            condition_, name_, what))
                         << std::endl;
  }

  const ClusterSession& session_;
  std::string condition_;
  std::string name_;
  async::Signal ended_;
  std::optional<Outcome<int>> outcome_;
  std::string missing_;
  std::string reported_;
  bool seen_ = false;  // the list that is being received has the LocalRegistry
};

constexpr CommandHelp kWaitHelp = {
    .name = "wait",
    .summary = "Wait until a LocalRegistry is ready",
    .usage = "[NAME] [flags]",
    .description =
        "Waits until a condition of a LocalRegistry is True for the current spec.\n"
        "Standard error shows what it waits for. -o json and -o yaml print the resource\n"
        "afterwards. Exit code 5 if the condition is not True after the timeout.",
    .examples = "wait\nwait dev --timeout 5m\nwait dev --for BuildKitReady",
};

constexpr const char* kTimeout = "3m";

void declare(Flags& flags, WaitCommand& command) {
  flags.add_name(command.registry);
  flags.add_converted({.names = "--for",
                       .description = "Condition to wait for (default Ready)",
                       .type = "CONDITION"},
                      [&command](std::string condition) -> Outcome<> {
                        constexpr std::string_view kPrefix = "condition=";
                        if (condition.starts_with(kPrefix)) condition.erase(0, kPrefix.size());
                        if (!condition.empty()) command.condition = condition;
                        return {};
                      });
  flags.add_duration(
      {.names = "--timeout",
       .description = fmt::format("How long to wait, 0 to check once (default {})", kTimeout),
       .type = "TIME"},
      command.timeout, kTimeout);
  flags.add_output(command.output, "text");
}

}  // namespace

asio::awaitable<Outcome<int>> run(const ClusterSession& session, WaitCommand command) {
  auto finding = find_registry(session, command.registry);
  const Outcome<api::LocalRegistry> registry = co_await std::move(finding);
  if (!registry) co_return registry.error();
  const std::string& name = registry->metadata.name;
  Progress progress(session, command, name);
  progress.check(*registry);
  if (!progress.outcome() && command.timeout.count() > 0) {
    kube::Watcher watcher(session.kube,
                          {api::Resource<api::LocalRegistry>::kType, session.namespace_name, "",
                           "metadata.name=" + name},
                          progress, &progress);
    std::vector<asio::awaitable<void>> branches;
    branches.push_back(watcher.run());
    branches.push_back(progress.ended());
    branches.push_back(session.kube.clock.sleep_for(command.timeout));
    co_await async::run_until_one_ends(std::move(branches));
  }
  if (!progress.outcome()) {
    co_return Failure{
        ExitCode::kNotReady,
        printable(fmt::format("LocalRegistry {} is not {} after {}: {}", name, command.condition,
                              base::print_duration(command.timeout), progress.missing()))};
  }
  if (progress.outcome()->has_error()) co_return progress.outcome()->error();
  if (command.output == Output::kPeople || command.output == Output::kName) {
    session.console.out << print_name(*registry)
                        << (command.output == Output::kName ? "\n" : " condition met\n");
    co_return 0;
  }
  auto printing = print_whole(session, api::key_of(registry->metadata), command.output);
  co_return co_await std::move(printing);
}

CommandEntry wait_command() {
  return CommandDefinition<WaitCommand>{
      .help = kWaitHelp, .declare = declare, .run = run_in_cluster};
}

}  // namespace cli
