#include "cli/wait.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <ostream>
#include <vector>

#include "async/parallel.h"
#include "async/signal.h"
#include "base/duration.h"
#include "cli/duration.h"
#include "cli/registries.h"
#include "kube/watcher.h"

namespace cli {
namespace {

namespace asio = boost::asio;

// Reports whether a reason of Ready=False passes without an action of the user. All other reasons,
// such as NodePortTaken, require one.
bool is_passing(std::string_view reason) {
  constexpr std::string_view kPassing[] = {"CheckingPush", "Deploying",         "Starting",
                                           "Pending",      "ContainerCreating", "PodInitializing"};
  return std::find(std::begin(kPassing), std::end(kPassing), reason) != std::end(kPassing);
}

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
  bool seen_ = false;  // the object is in the list that is being received
};

}  // namespace

std::string why_not_true(const api::LocalRegistry& registry, const std::string& condition) {
  if (is_condition_true(registry, condition)) return "";
  const api::Condition* found = api::find_condition(registry.status.conditions, condition);
  if (found == nullptr) {
    return registry.status.conditions.empty() ? "the operator has not reconciled it yet"
                                              : "the LocalRegistry has no such condition";
  }
  if (found->observed_generation < registry.metadata.generation) {
    return "the operator has not reconciled the latest change yet";
  }
  return found->message.empty() ? found->reason
                                : fmt::format("{}: {}", found->reason, found->message);
}

std::string explain_missing_status(const api::LocalRegistry& registry) {
  const std::string& name = registry.metadata.name;
  const api::Condition* ready = api::find_condition(registry.status.conditions, "Ready");
  const bool is_current =
      ready != nullptr && ready->observed_generation >= registry.metadata.generation;
  if (is_current && ready->status == "True") return "see `kubectl localregistry status`";
  const bool passes = !is_current || is_passing(ready->reason);
  std::string missing = why_not_true(registry, "Ready");
  if (!passes) return missing;
  return fmt::format("{}; run `kubectl localregistry wait {}`", missing, name);
}

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
  auto reading = read_object(session, api::key_of(registry->metadata));
  const Outcome<json::Document> object = co_await std::move(reading);
  if (!object) co_return object.error();
  session.console.out << print_object(object->root(), command.output);
  co_return 0;
}

}  // namespace cli
