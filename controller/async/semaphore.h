// A Semaphore limits how many coroutines hold a Permit at the same time. The others wait in a queue
// and are served in the order of their arrival. The owner of the guarded resource owns the
// Semaphore, which must outlive every Permit. It is used on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <list>
#include <optional>
#include <utility>

namespace async {

class Semaphore {
 public:
  // A Permit holds one permit and releases it in the destructor.
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

  Semaphore(boost::asio::any_io_executor executor, std::size_t permits)
      : executor_(std::move(executor)), free_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Waits for a free permit and returns it. Returns nothing when the deadline passes first. Throws
  // boost::system::system_error (operation_aborted) when the awaiting coroutine is cancelled.
  boost::asio::awaitable<std::optional<Permit>> acquire(
      boost::asio::steady_timer::time_point deadline);

  std::size_t waiting() const { return waiters_.size(); }

 private:
  struct Waiter;
  class Queued;

  void release();

  boost::asio::any_io_executor executor_;
  std::size_t free_;
  std::list<Waiter*> waiters_;
};

}  // namespace async
