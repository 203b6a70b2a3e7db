// Interrupts handles SIGINT, SIGTERM and SIGHUP during its lifetime. The first signal causes a
// callback on the thread of the io_context. A second signal terminates the process at once,
// whatever the process is doing. A signal that the process ignored before, as under nohup, stays
// ignored. A process has at most one Interrupts object, which has one owner.
#pragma once

#include <signal.h>

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <exception>
#include <functional>

namespace cli {

inline constexpr int kExitBySignal = 128;  // plus the number of the signal, as in a shell

class Interrupts {
 public:
  // The callback runs once, after the first signal. Everything that the callback refers to must
  // outlive the object.
  Interrupts(const boost::asio::any_io_executor& executor, std::function<void()> on_interrupt);
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts();

  // Returns the number of the first signal, even if the callback has not run yet; 0: no signal.
  int number() const;

 private:
  std::array<struct sigaction, 3> earlier_{};
  boost::asio::posix::stream_descriptor notice_;
  int write_end_ = -1;
};

// Interrupted is thrown by Loop::run() after a signal has cancelled the coroutine.
class Interrupted final : public std::exception {
 public:
  explicit Interrupted(int number) : number_(number) {}
  const char* what() const noexcept override { return "interrupted by a signal"; }
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace cli
