#include "async/semaphore.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace async {

namespace asio = boost::asio;

struct Semaphore::Waiter {
  asio::steady_timer timer;  // expires at the deadline; release() cancels it
  bool granted = false;
};

// A Queued keeps a waiter in the queue. If the coroutine is cancelled after it was granted a
// permit, the destructor releases that permit.
class Semaphore::Queued {
 public:
  Queued(Semaphore& owner, Waiter& waiter) : owner_(owner), waiter_(waiter) {
    owner_.waiters_.push_back(&waiter_);
  }
  ~Queued() {
    if (waiter_.granted) {
      if (!taken_) owner_.release();
    } else {
      owner_.waiters_.remove(&waiter_);
    }
  }
  Queued(const Queued&) = delete;
  Queued& operator=(const Queued&) = delete;

  Permit take() {
    taken_ = true;
    return Permit(owner_);
  }

 private:
  Semaphore& owner_;
  Waiter& waiter_;
  bool taken_ = false;
};

asio::awaitable<std::optional<Semaphore::Permit>> Semaphore::acquire(
    asio::steady_timer::time_point deadline) {
  if (free_ > 0) {
    --free_;
    co_return Permit(*this);
  }
  Waiter waiter{asio::steady_timer(executor_, deadline)};
  Queued queued(*this, waiter);
  boost::system::error_code error;
  co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (waiter.granted) co_return queued.take();
  if (error) throw boost::system::system_error(error);
  co_return std::nullopt;
}

void Semaphore::release() {
  if (waiters_.empty()) {
    ++free_;
    return;
  }
  Waiter& next = *waiters_.front();
  waiters_.pop_front();
  next.granted = true;
  next.timer.cancel();
}

}  // namespace async
