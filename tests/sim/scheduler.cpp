#include "sim/scheduler.h"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

namespace sim {
namespace {

namespace asio = boost::asio;

constexpr auto kEpoch = std::chrono::seconds(1'800'000'000);  // wall clock at virtual time 0

}  // namespace

// The executor for asio. Work that may block its caller runs at once, as on the io_context, unless
// the process pauses.
class Scheduler::Executor {
 public:
  Executor(Process& process, bool may_block) : process_(&process), may_block_(may_block) {}

  asio::execution_context& query(asio::execution::context_t) const noexcept {
    return process_->scheduler_.context_;
  }
  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    if (may_block_) return asio::execution::blocking.possibly;
    return asio::execution::blocking.never;
  }
  Executor require(asio::execution::blocking_t::possibly_t) const { return {*process_, true}; }
  Executor require(asio::execution::blocking_t::never_t) const { return {*process_, false}; }

  template <class Function>
  void execute(Function function) const {
    Scheduler& scheduler = process_->scheduler_;
    if (process_->paused_) {
      process_->held_.push_back(std::make_unique<WorkOf<Function>>(std::move(function)));
      return;
    }
    process_->has_run_ = true;
    if (may_block_ && scheduler.running_) {
      std::move(function)();
      return;
    }
    scheduler.ready_.push_back(std::make_unique<WorkOf<Function>>(std::move(function)));
  }

  bool operator==(const Executor& other) const noexcept = default;

 private:
  Process* process_;
  bool may_block_;
};

asio::any_io_executor Scheduler::Process::executor() { return Executor(*this, true); }

Scheduler::Process& Scheduler::add_process() { return processes_.emplace_back(*this); }

// Begins the pause of each process that has run and wants one.
void Scheduler::begin_pauses() {
  for (Process& process : processes_) {
    if (!std::exchange(process.has_run_, false) || process.paused_ || !process.poll_pause) continue;
    const Duration pause = process.poll_pause();
    if (pause <= Duration::zero()) continue;
    process.paused_ = true;
    after(pause, [this, &process] { end_pause(process); });
  }
}

void Scheduler::end_pause(Process& process) {
  process.paused_ = false;
  process.has_run_ = !process.held_.empty();
  for (auto& work : std::exchange(process.held_, {})) ready_.push_back(std::move(work));
}

void Scheduler::after(Duration delay, std::function<void()> work) {
  later_.push_back({now_ + std::max(delay, Duration::zero()), ++numbers_, std::move(work)});
  std::push_heap(later_.begin(), later_.end());
}

void Scheduler::settle() {
  running_ = true;
  while (true) {
    context_.restart();
    context_.poll();
    if (ready_.empty()) break;
    const std::size_t chosen = ready_.size() == 1 ? 0 : chance_.below(ready_.size());
    std::swap(ready_[chosen], ready_.back());
    const std::unique_ptr<Work> work = std::move(ready_.back());
    ready_.pop_back();
    ++steps_;
    work->run();
  }
  running_ = false;
  begin_pauses();
}

bool Scheduler::step(Instant latest) {
  settle();
  if (later_.empty() || later_.front().when > latest) {
    now_ = std::max(now_, latest);
    return false;
  }
  now_ = std::max(now_, later_.front().when);
  while (!later_.empty() && later_.front().when <= now_) {
    std::pop_heap(later_.begin(), later_.end());
    const std::function<void()> work = std::move(later_.back().work);
    later_.pop_back();
    running_ = true;
    work();
    settle();
  }
  return true;
}

void Scheduler::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (step(end)) {
  }
}

MachineClock::Instant MachineClock::now() const {
  if (rate_ == 1) return scheduler_.now();
  const double elapsed = double((scheduler_.now() - Instant()).count()) * rate_;
  return Instant(Duration(static_cast<Duration::rep>(elapsed)));
}

base::Time MachineClock::wall() const {
  return base::Time(kEpoch) +
         std::chrono::duration_cast<std::chrono::microseconds>(now() - Instant() + offset_);
}

asio::awaitable<bool> MachineClock::try_sleep_for(Duration duration) {
  // Asio needs a timer for the coroutine to wait on. It never expires; the scheduler cancels it
  // when the time has come.
  struct Sleep {
    explicit Sleep(const asio::any_io_executor& executor)
        : timer(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    bool over = false;
  };
  const auto sleep = std::make_shared<Sleep>(co_await asio::this_coro::executor);
  // Rounding must not end the sleep too early: a caller that then sleeps for the remaining time
  // would never reach its deadline.
  const auto real = Duration(static_cast<Duration::rep>(double(duration.count()) / rate_) + 2);
  scheduler_.after(rate_ == 1 ? duration : real, [sleep] {
    sleep->over = true;
    sleep->timer.cancel();
  });
  if (!sleep->over) {
    boost::system::error_code woken;
    co_await sleep->timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() == asio::cancellation_type::none;
}

}  // namespace sim
