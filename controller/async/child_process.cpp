#include "async/child_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "async/spawn.h"
#include "async/wait.h"
#include "base/limits.h"
#include "base/text/quote.h"

namespace async {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kPipeBytes = 4096;  // bytes of one read
base::Error cannot(std::string_view what, int why) {
  return {base::ErrorCode::kInternal, fmt::format("{}: {}", what, std::strerror(why))};
}

base::Error error_of(const boost::system::error_code& error) {
  if (error != asio::error::timed_out) return {base::ErrorCode::kInternal, error.message()};
  return {base::ErrorCode::kTimeout, "the program did not finish in time"};
}

base::Result<int> empty_input() {
  const int opened = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (opened < 0) return cannot("/dev/null", errno);
  return opened;
}

// Returns the read end of a pipe that contains `input`. Its write end is closed.
base::Result<int> filled_pipe(const std::string& input) {
  if (input.size() > limits::kChildInputBytes) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("the input has more than {} bytes", limits::kChildInputBytes)};
  }
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return cannot("pipe", errno);
  // The input fits into the buffer of the pipe, so the write does not block.
  const ssize_t written = ::write(pipe[1], input.data(), input.size());
  ::close(pipe[1]);
  if (written == static_cast<ssize_t>(input.size())) return pipe[0];
  ::close(pipe[0]);
  return cannot("pipe", errno);
}

}  // namespace

ChildProcess::ChildProcess(const asio::any_io_executor& executor)
    : output_(executor), ended_(executor), timer_(executor) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  ::kill(own_group_ ? -pid_ : pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

base::Result<void> ChildProcess::start(const Command& command) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return cannot("pipe", errno);
  output_.assign(pipe[0]);
  const asio::posix::stream_descriptor write_end(output_.get_executor(), pipe[1]);

  asio::posix::stream_descriptor input(output_.get_executor());
  if (!command.shares_terminal) {
    const base::Result<int> opened =
        command.input.empty() ? empty_input() : filled_pipe(command.input);
    if (!opened) return opened.error();
    input.assign(*opened);
  }
  own_group_ = !command.shares_terminal;
  Spawn program;
  program.words = {command.program};
  program.words.insert(program.words.end(), command.arguments.begin(), command.arguments.end());
  program.environment = command.environment;
  program.input = input.is_open() ? input.native_handle() : -1;
  program.output = pipe[1];
  program.merges_errors = command.merges_errors;
  program.closes_others = true;  // libraries may open sockets without close-on-exec
  program.own_group = own_group_;
  program.default_signals = {SIGPIPE, SIGTERM, SIGINT, SIGCHLD};
  program.death_signal = SIGKILL;
  if (const int failure = spawn(program, pid_); failure != 0) {
    auto error = cannot(base::shown(command.program), failure);
    if (failure == ENOENT) error.code = base::ErrorCode::kNotFound;
    return error;
  }
  // glibc 2.36 declares pidfd_open() only for C, so syscall() calls it.
  const int ended = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (ended >= 0) ended_.assign(ended);  // old kernels and some seccomp profiles refuse it
  return {};
}

asio::awaitable<base::Result<std::string>> ChildProcess::read(Instant deadline) {
  output_.non_blocking(true);
  std::array<char, kPipeBytes> buffer{};
  for (;;) {
    boost::system::error_code error;
    const std::size_t size = output_.read_some(asio::buffer(buffer), error);
    if (error == asio::error::eof) co_return std::string();
    if (!error) co_return std::string(buffer.data(), size);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      auto waiting = async::wait_until(
          timer_, deadline,
          output_.async_wait(asio::posix::descriptor_base::wait_read, asio::deferred));
      error = co_await std::move(waiting);
      if (!error) continue;
    }
    co_return error_of(error);
  }
}

asio::awaitable<base::Result<std::string>> ChildProcess::output(std::size_t max, Instant deadline) {
  std::string text;
  for (;;) {
    auto reading = read(deadline);
    const base::Result<std::string> part = co_await std::move(reading);
    if (!part) co_return part.error();
    if (part->empty()) co_return text;
    text += *part;
    if (text.size() > max) {
      co_return base::Error{base::ErrorCode::kTooLarge,
                            fmt::format("the program printed more than {} bytes", max)};
    }
  }
}

asio::awaitable<boost::system::error_code> ChildProcess::wait_for_end(Instant deadline) {
  if (ended_.is_open()) {
    auto waiting = async::wait_until(
        timer_, deadline,
        ended_.async_wait(asio::posix::descriptor_base::wait_read, asio::deferred));
    const boost::system::error_code error = co_await std::move(waiting);
    co_return error;
  }
  siginfo_t info{};
  for (;;) {
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == pid_) {
      co_return boost::system::error_code();
    }
    if (std::chrono::steady_clock::now() >= deadline) co_return asio::error::timed_out;
    timer_.expires_after(limits::kChildPollInterval);
    co_await timer_.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<base::Result<std::string>> ChildProcess::wait(Instant deadline) {
  auto waiting = wait_for_end(deadline);
  const boost::system::error_code error = co_await std::move(waiting);
  if (error) co_return error_of(error);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) co_return fmt::format("signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) co_return fmt::format("exit code {}", WEXITSTATUS(status));
  co_return std::string();
}

asio::awaitable<base::Result<ChildProcess::Finished>> ChildProcess::finish(std::size_t max,
                                                                           Instant deadline) {
  auto reading = output(max, deadline);
  auto text = co_await std::move(reading);
  if (!text) co_return text.error();
  auto waiting = wait(deadline);
  auto end = co_await std::move(waiting);
  if (!end) co_return end.error();
  co_return Finished{*std::move(text), *std::move(end)};
}

}  // namespace async
