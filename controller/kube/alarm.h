// Calls a function at a time, unless set anew or destroyed before. Used by kube/ only; on the
// thread of the io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace kube {

class Alarm {
 public:
  Alarm(const boost::asio::any_io_executor& executor, std::function<void()> ring)
      : timer_(executor), ring_(std::move(ring)) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void set(boost::asio::steady_timer::time_point when) {
    timer_.expires_at(when);
    // The handler may be queued already when the alarm goes: it looks before it touches it.
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

}  // namespace kube
