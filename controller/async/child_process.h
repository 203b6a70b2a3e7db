// A ChildProcess runs a program and reads its output.
//
// The destructor kills the program if it still runs, and waits until it has ended. Unless the
// program shares the terminal, the destructor also kills the processes that the program has
// started. The kernel kills the program when this process ends. A ChildProcess has one owner and is
// used on the thread of the io_context only.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace async {

struct Command {
  std::string program;  // a name without a slash is searched in PATH
  std::vector<std::string> arguments;
  // Variables that the program gets besides those of this process; they take precedence.
  std::vector<std::pair<std::string, std::string>> environment;
  bool shares_terminal = false;  // the program reads the standard input of this process
  bool merges_errors = false;    // read() also returns the standard error of the program
  // The bytes that the program reads from its standard input, at most limits::kChildInputBytes.
  // They are ignored if shares_terminal is set.
  std::string input = {};
};

class ChildProcess {
 public:
  using Instant = boost::asio::steady_timer::time_point;

  explicit ChildProcess(const boost::asio::any_io_executor& executor);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // Starts the program. Returns kNotFound when the program does not exist, kTooLarge when the input
  // is too long, or kInternal when the program cannot be started.
  base::Result<void> start(const Command& command);

  // Returns the next bytes of the output, or an empty text once the program has closed the output.
  // Returns kTimeout when nothing arrives before the deadline, or kInternal when the output cannot
  // be read.
  boost::asio::awaitable<base::Result<std::string>> read(Instant deadline);

  // Returns the whole output, once the program has closed it. Returns kTooLarge when the output has
  // more than `max` bytes, and the errors of read().
  boost::asio::awaitable<base::Result<std::string>> output(std::size_t max, Instant deadline);

  // Waits until the program has ended. Returns an empty text for exit code 0, and otherwise the
  // reason: "exit code 1" or "signal 9". Returns kTimeout when the program still runs at the
  // deadline, or kInternal when waiting fails.
  boost::asio::awaitable<base::Result<std::string>> wait(Instant deadline);

  // The output of a program and how it ended, as wait() returns it.
  struct Finished {
    std::string output;
    std::string end;
  };

  // Reads the output as a whole and waits for the end of the program. Errors: those of output() and
  // wait().
  boost::asio::awaitable<base::Result<Finished>> finish(std::size_t max, Instant deadline);

 private:
  // Waits until the program has ended, but does not reap it.
  boost::asio::awaitable<boost::system::error_code> wait_for_end(Instant deadline);

  boost::asio::posix::stream_descriptor output_;
  // A pidfd, which becomes readable when the program ends. It is closed if pidfd_open() failed.
  boost::asio::posix::stream_descriptor ended_;
  boost::asio::steady_timer timer_;
  pid_t pid_ = -1;
  bool own_group_ = false;
};

}  // namespace async
