// A program that is run for what it prints. If it still runs, its destructor kills it and waits for
// it, with the processes it started unless it shares the terminal. The kernel kills it when this
// process is killed. On the thread of the io_context.
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

namespace kube {

struct Command {
  std::string program;  // found in PATH when it has no slash
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // over that of this process
  bool shares_terminal = false;                                  // standard input is this process'
  bool merges_errors = false;  // read() returns what it writes to standard error as well
  std::string input = {};      // else its standard input; at most limits::kChildInputBytes
};

class ChildProcess {
 public:
  using Instant = boost::asio::steady_timer::time_point;

  explicit ChildProcess(const boost::asio::any_io_executor& executor);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // kNotFound: there is no such program. kInternal: it cannot be started. kTooLarge: the input.
  base::Result<void> start(const Command& command);

  // The next bytes that it prints; empty once it has closed its output. kTimeout.
  boost::asio::awaitable<base::Result<std::string>> read(Instant deadline);

  // What it printed until it closed its output. kTimeout, kTooLarge.
  boost::asio::awaitable<base::Result<std::string>> output(std::size_t most, Instant deadline);

  // Empty after exit code 0, else why: "exit code 1", "signal 9". kTimeout.
  boost::asio::awaitable<base::Result<std::string>> wait(Instant deadline);

 private:
  // Does not reap it.
  boost::asio::awaitable<boost::system::error_code> wait_for_end(Instant deadline);

  boost::asio::posix::stream_descriptor output_;
  boost::asio::posix::stream_descriptor ended_;  // a pidfd: readable once it has ended; or closed
  boost::asio::steady_timer timer_;
  pid_t pid_ = -1;
  bool own_group_ = false;
};

}  // namespace kube
