#include "async/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <cassert>
#include <utility>
#include <vector>

#include "async/cancellation.h"

namespace async {

namespace asio = boost::asio;

struct TaskGroup::Finished {
  TaskGroup* group;
  TaskId task;

  void operator()(const std::exception_ptr& exception) const { group->finish(task, exception); }
};

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : executor_(std::move(executor)), empty_(executor_) {}

TaskGroup::~TaskGroup() {
  assert(tasks_.empty() && "a TaskGroup was destroyed before join()");
  if (!tasks_.empty()) std::terminate();  // its children would use destroyed objects
}

TaskGroup::TaskId TaskGroup::spawn(asio::awaitable<void> task) {
  const TaskId id = ++last_;
  if (cancelled_) return id;
  Task& entry = tasks_[id];
  asio::co_spawn(executor_, guard(id, std::move(task)),
                 asio::bind_cancellation_slot(entry.signal.slot(), Finished{this, id}));
  return id;
}

// Runs a child, and works around two bugs of Boost 1.81. A coroutine that is cancelled before it
// first runs does not notice the cancellation. When a coroutine is cancelled before its first
// suspension, its exception leaves io_context::run() instead of reaching the completion handler.
asio::awaitable<void> TaskGroup::guard(TaskId id, asio::awaitable<void> task) {
  Task& entry = tasks_.at(id);
  entry.started = true;
  if (entry.cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  std::exception_ptr exception;
  try {
    co_await std::move(task);
  } catch (...) {
    exception = std::current_exception();
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  if (exception) std::rethrow_exception(exception);
}

void TaskGroup::cancel(TaskId task) {
  const auto found = tasks_.find(task);
  if (found == tasks_.end()) return;
  found->second.cancelled = true;
  if (found->second.started) found->second.signal.emit(asio::cancellation_type::terminal);
}

void TaskGroup::cancel() {
  if (cancelled_) return;
  cancelled_ = true;
  // A child may end, and leave tasks_, while the signal of another child is emitted.
  std::vector<TaskId> ids;
  ids.reserve(tasks_.size());
  for (const auto& [id, task] : tasks_) ids.push_back(id);
  for (const TaskId id : ids) cancel(id);
}

void TaskGroup::finish(TaskId task, const std::exception_ptr& exception) {
  const auto found = tasks_.find(task);
  const bool asked = found->second.cancelled;
  tasks_.erase(found);
  if (exception && !(asked && is_cancellation(exception))) {
    if (!failure_) failure_ = exception;
    cancel();
  }
  if (tasks_.empty()) empty_.notify();
}

asio::awaitable<void> TaskGroup::join() {
  // A cancelled parent still has to wait, so join() itself checks for cancellation and throws at
  // the end.
  co_await asio::this_coro::throw_if_cancelled(false);
  bool aborted = false;
  while (true) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    aborted = aborted || state.cancelled() != asio::cancellation_type::none;
    if (aborted) cancel();
    if (tasks_.empty()) break;
    auto waiting = empty_.wait_or_cancellation();
    co_await std::move(waiting);
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (aborted) throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace async
