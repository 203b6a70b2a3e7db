// SIGINT, SIGTERM and SIGHUP while this lives: the first is told on the thread of the io_context, a
// second one ends the process at once, whatever it is busy with. What the process ignored before,
// as under nohup, it goes on ignoring. One at a time in a process; one owner.
#pragma once

#include <signal.h>

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <exception>
#include <functional>

namespace cli {

inline constexpr int kExitBySignal = 128;  // and the number of the signal: as a shell has it

class Interrupts {
 public:
  // told: called once, after the first signal; outlived by what it refers to.
  Interrupts(const boost::asio::any_io_executor& executor, std::function<void()> told);
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts();

  // Of the first signal, also when nobody was told of it yet; 0: there was none.
  int number() const;

 private:
  std::array<struct sigaction, 3> earlier_{};
  boost::asio::posix::stream_descriptor notice_;
  int write_end_ = -1;
};

// The work was given up because of a signal.
class Interrupted final : public std::exception {
 public:
  explicit Interrupted(int number) : number_(number) {}
  const char* what() const noexcept override { return "interrupted by a signal"; }
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace cli
