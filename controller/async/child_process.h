// A ChildProcess runs a program and reads its output.
//
// The destructor kills the program if it still runs, and waits for its end. It also kills the
// processes that the program started, unless the program shares the terminal. The kernel kills the
// program when this process is killed. One owner; used on the thread of the io_context only.
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
  std::string program;  // found in PATH when it has no slash
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // overrides this process's own
  bool shares_terminal = false;  // the program reads the standard input of this process
  bool merges_errors = false;    // read() returns the standard error of the program as well
  // Standard input unless shares_terminal; at most limits::kChildInputBytes.
  std::string input = {};
};

class ChildProcess {
 public:
  using Instant = boost::asio::steady_timer::time_point;

  explicit ChildProcess(const boost::asio::any_io_executor& executor);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // Starts the program. kNotFound: it does not exist. kTooLarge: the input is too long. kInternal:
  // it cannot be started.
  base::Result<void> start(const Command& command);

  // Returns the next bytes of the output; empty once the program has closed it. kTimeout;
  // kInternal: the output cannot be read.
  boost::asio::awaitable<base::Result<std::string>> read(Instant deadline);

  // Returns the output as a whole, once the program has closed it. kTooLarge: more than `max`
  // bytes. kTimeout, kInternal: as read().
  boost::asio::awaitable<base::Result<std::string>> output(std::size_t max, Instant deadline);

  // Waits for the end of the program. Returns an empty text for exit code 0, else the reason:
  // "exit code 1", "signal 9". Errors: kTimeout, kInternal.
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
  // Waits for the end of the program and does not reap it.
  boost::asio::awaitable<boost::system::error_code> wait_for_end(Instant deadline);

  boost::asio::posix::stream_descriptor output_;
  // A pidfd, readable once the program has ended; closed where pidfd_open() fails.
  boost::asio::posix::stream_descriptor ended_;
  boost::asio::steady_timer timer_;
  pid_t pid_ = -1;
  bool own_group_ = false;
};

}  // namespace async
