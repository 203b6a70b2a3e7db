// A bound on how many coroutines are somewhere at once; the others wait in a queue, first in,
// first out, those that ask to be next before the others. Owned by what it guards, which outlives
// every Permit. Used on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <list>
#include <optional>
#include <utility>

namespace net {

class Semaphore {
 public:
  // One of the places; given back by its destructor.
  class Permit {
   public:
    explicit Permit(Semaphore& owner) : owner_(&owner) {}
    Permit(Permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(owner_, other.owner_);
      return *this;
    }
    ~Permit() {
      if (owner_ != nullptr) owner_->release();
    }

   private:
    Semaphore* owner_;
  };

  Semaphore(boost::asio::any_io_executor executor, std::size_t places)
      : executor_(std::move(executor)), free_(places) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // In the queue: behind all others, or before those that are kLast.
  enum class Position { kLast, kNext };

  // Nothing when the deadline passed before a place was free. Throws boost::system::system_error
  // (operation_aborted) when the awaiting coroutine is cancelled.
  boost::asio::awaitable<std::optional<Permit>> acquire(
      boost::asio::steady_timer::time_point deadline, Position position = Position::kLast);

  std::size_t waiting() const { return waiters_.size(); }

 private:
  struct Waiter;
  class Queued;

  void release();

  boost::asio::any_io_executor executor_;
  std::size_t free_;
  std::list<Waiter*> waiters_;
};

}  // namespace net
