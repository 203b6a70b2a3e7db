#include "app/manager.h"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <stdexcept>
#include <utility>

namespace app {

namespace asio = boost::asio;

namespace {

// Throws std::logic_error, unless the awaiting coroutine was cancelled: the runnable `name` then
// ended by itself.
asio::awaitable<void> expect_cancelled(std::string name) {
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return;
  throw std::logic_error(name + " ended before the program was stopped");
}

}  // namespace

Manager::Manager(asio::any_io_executor executor, base::Clock& clock)
    : clock_(clock), stopped_(executor) {}

std::vector<const Runnable*> Manager::of(RunPeriod runs) const {
  std::vector<const Runnable*> found;
  for (const Runnable& runnable : runnables_) {
    if (runnable.runs == runs) found.push_back(&runnable);
  }
  return found;
}

asio::awaitable<void> Manager::run() {
  std::vector<asio::awaitable<void>> branches;
  if (!of(RunPeriod::kUntilDrained).empty())
    branches.push_back(run_group(RunPeriod::kUntilDrained));
  branches.push_back(run_until_drained());
  auto running = async::run_until_one_ends(std::move(branches));
  co_await std::move(running);
}

// Runs all runnables that end with the stop, then the finishing steps, and then waits for the drain
// time. Its return ends the remaining runnables.
asio::awaitable<void> Manager::run_until_drained() {
  std::vector<asio::awaitable<void>> branches;
  if (!of(RunPeriod::kAlways).empty()) branches.push_back(run_group(RunPeriod::kAlways));
  branches.push_back(lead_until_stopped());
  auto running = async::run_until_one_ends(std::move(branches));
  co_await std::move(running);
  for (const Work& step : finish_) {
    auto finishing = step();
    co_await std::move(finishing);
  }
  if (drain_ && drain_->count() > 0) {
    auto draining = clock_.sleep_for(*drain_);
    co_await std::move(draining);
  }
}

asio::awaitable<void> Manager::lead_until_stopped() {
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(wait_for_stop());
  if (!of(RunPeriod::kWhileLeading).empty()) branches.push_back(lead());
  auto running = async::run_until_one_ends(std::move(branches));
  co_await std::move(running);
}

asio::awaitable<void> Manager::lead() {
  const Work work = [this] { return run_group(RunPeriod::kWhileLeading); };
  auto leading = election_ ? election_(work) : work();
  co_await std::move(leading);
  co_await expect_cancelled("leader election");
}

asio::awaitable<void> Manager::run_group(RunPeriod runs) {
  const std::vector<const Runnable*> group = of(runs);
  for (const Runnable* runnable : group) {
    if (!runnable->prepare) continue;
    auto preparing = runnable->prepare();
    co_await std::move(preparing);
  }
  std::vector<asio::awaitable<void>> branches;
  branches.reserve(group.size());
  for (const Runnable* runnable : group) branches.push_back(run_one(*runnable));
  auto running = async::run_until_one_ends(std::move(branches));
  co_await std::move(running);
}

asio::awaitable<void> Manager::run_one(const Runnable& runnable) {
  auto running = runnable.run();
  co_await std::move(running);
  co_await expect_cancelled(runnable.name);
}

asio::awaitable<void> Manager::wait_for_stop() {
  while (!drain_) {
    auto waiting = stopped_.wait();
    co_await std::move(waiting);
  }
}

void Manager::stop(base::Clock::Duration drain) {
  if (drain_) return;
  drain_ = drain;
  stopped_.notify();
}

std::optional<std::string> Manager::waits_for() const {
  for (const ReadinessCheck& check : checks_) {
    std::string reason = check();
    if (!reason.empty()) return reason;
  }
  return std::nullopt;
}

}  // namespace app
