// A TaskGroup is structured concurrency: a parent coroutine starts child coroutines, cancels them
// and waits until all of them have ended.
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
//  * When the coroutine that waits in join() is cancelled, the children are cancelled. join() still
//    waits for all of them, and then throws operation_aborted.
//  * A child that ends because of its cancellation does not count as failed.
// Assumptions
//  * Every child ends when it is cancelled (asio's terminal cancellation).
//  * A coroutine that is already cancelled throws at its next co_await, so it would never enter
//    join(). Therefore the parent calls throw_if_cancelled(false) before it starts children. join()
//    turns throwing on again.
//
// The parent coroutine owns the group. The program ends if a group is destroyed while it has
// children, which is a bug. So no code that can throw may be between the first spawn() and join().
// A TaskGroup is used on the thread of the io_context only.
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

  // Starts a child and returns its ID. On the thread of the io_context, the child runs up to its
  // first suspension before spawn() returns. When the group has been cancelled, spawn() drops the
  // task without starting it.
  TaskId spawn(boost::asio::awaitable<void> task);

  // Cancels one child. Does nothing when the child has ended.
  void cancel(TaskId task);

  // Cancels every child, and makes later calls of spawn() drop their tasks. Does not wait.
  void cancel();

  // Returns when all children have ended. Throws the exception of the first child that failed, or
  // operation_aborted when the waiting coroutine was cancelled. Only one coroutine may wait at a
  // time. join() leaves throw_if_cancelled on.
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
