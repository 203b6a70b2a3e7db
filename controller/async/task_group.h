// Structured concurrency: a parent starts coroutines, cancels them and waits for all of them.
//
//   boost::asio::awaitable<void> run() {
//     co_await boost::asio::this_coro::throw_if_cancelled(false);  // see Assumptions
//     async::TaskGroup group(co_await boost::asio::this_coro::executor);
//     group.spawn(watch());
//     group.spawn(serve());
//     co_await group.join();
//   }
//
// Guarantees
//  * The first child that fails cancels the others; join() throws the exception of that child.
//  * Cancelling the coroutine that waits in join() cancels the children; join() still waits for all
//    of them, and then throws operation_aborted.
//  * A child that ends because it was cancelled has not failed.
// Assumptions
//  * Every child ends when it is cancelled (asio's cancellation, terminal).
//  * A coroutine that is already cancelled throws at its next co_await, and would never enter
//    join(). So the parent calls throw_if_cancelled(false) before it starts children; join() turns
//    throwing on again.
//
// One owner, the parent coroutine. Destroying a group that still has children is a bug, and ends
// the program: no code that can throw belongs between the first spawn() and join(). Used on the
// thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>

#include "async/signal.h"

namespace async {

class TaskGroup {
 public:
  using TaskId = std::uint64_t;

  explicit TaskGroup(boost::asio::any_io_executor executor);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts a child. On the thread of the io_context, spawn() runs the child up to its first
  // suspension before it returns. After the group is cancelled, the task is dropped without being
  // started.
  TaskId spawn(boost::asio::awaitable<void> task);

  // Cancels one child; does nothing when it has ended.
  void cancel(TaskId task);

  // Cancels every child and drops tasks that are spawned later. Does not wait.
  void cancel();

  // Returns when there is no child left; throws what the first failed child threw, or
  // operation_aborted when the waiting coroutine was cancelled. One caller at a time. Leaves
  // throw_if_cancelled on.
  boost::asio::awaitable<void> join();

  std::size_t size() const { return tasks_.size(); }  // children that have not ended
  bool cancelled() const { return cancelled_; }

 private:
  struct Task {
    boost::asio::cancellation_signal signal;
    bool started = false;
    bool cancelled = false;
  };
  struct Finished;  // the completion handler of a child

  boost::asio::awaitable<void> guard(TaskId id, boost::asio::awaitable<void> task);
  void finish(TaskId task, const std::exception_ptr& exception);

  boost::asio::any_io_executor executor_;
  Signal empty_;  // notified when the last child has ended
  std::map<TaskId, Task> tasks_;
  TaskId last_ = 0;
  bool cancelled_ = false;
  std::exception_ptr failure_;
};

}  // namespace async
