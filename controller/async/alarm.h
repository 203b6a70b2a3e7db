// An Alarm calls a function once, at a given time. Another call of set() replaces that time, and
// the destructor cancels the call. An Alarm is used on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace async {

class Alarm {
 public:
  Alarm(const boost::asio::any_io_executor& executor, std::function<void()> ring)
      : timer_(executor), ring_(std::move(ring)) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void set(boost::asio::steady_timer::time_point when) {
    timer_.expires_at(when);
    // The timer may have queued the handler before the Alarm is destroyed, so the handler checks
    // `alive` first.
    timer_.async_wait(
        [this, alive = std::weak_ptr<const bool>(alive_)](const boost::system::error_code& error) {
          if (!error && !alive.expired()) ring_();
        });
  }

 private:
  boost::asio::steady_timer timer_;
  std::function<void()> ring_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace async
