#include "kube/child_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/environment.h"
#include "base/limits.h"
#include "net/wait.h"

namespace kube {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kPipeBytes = 4096;  // read at once
constexpr int kFirstOtherDescriptor = 3;  // after standard input, output and error

struct SpawnActions {
  posix_spawn_file_actions_t value;
  SpawnActions() { posix_spawn_file_actions_init(&value); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&value); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
};

struct SpawnAttributes {
  posix_spawnattr_t value;
  SpawnAttributes() { posix_spawnattr_init(&value); }
  ~SpawnAttributes() { posix_spawnattr_destroy(&value); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
};

// Signals as a fresh process expects them, whatever this one has blocked or ignored.
void set_signals(SpawnAttributes& attributes, bool own_group) {
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGCHLD}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes.value, &none);
  posix_spawnattr_setsigdefault(&attributes.value, &defaults);
  int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (own_group) flags |= POSIX_SPAWN_SETPGROUP;
  posix_spawnattr_setpgroup(&attributes.value, 0);
  posix_spawnattr_setflags(&attributes.value, static_cast<short>(flags));
}

base::Error cannot(std::string_view what, int why) {
  return {base::ErrorCode::kInternal, fmt::format("{}: {}", what, std::strerror(why))};
}

// A pipe from which `input` can be read to its end.
base::Result<int> filled_pipe(const std::string& input) {
  if (input.size() > limits::kChildInputBytes) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("an input of more than {} bytes", limits::kChildInputBytes)};
  }
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return cannot("pipe", errno);
  // It fits into the pipe: nobody has to read it yet.
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
  asio::posix::stream_descriptor write_end(output_.get_executor(), pipe[1]);

  SpawnActions actions;
  asio::posix::stream_descriptor input(output_.get_executor());
  if (!command.shares_terminal && !command.input.empty()) {
    const auto filled = filled_pipe(command.input);
    if (!filled) return filled.error();
    input.assign(*filled);
    posix_spawn_file_actions_adddup2(&actions.value, *filled, STDIN_FILENO);
  } else if (!command.shares_terminal) {
    posix_spawn_file_actions_addopen(&actions.value, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions.value, pipe[1], STDOUT_FILENO);
  // Connections of libraries are not always marked close-on-exec.
  posix_spawn_file_actions_addclosefrom_np(&actions.value, kFirstOtherDescriptor);
  SpawnAttributes attributes;
  own_group_ = !command.shares_terminal;
  set_signals(attributes, own_group_);

  std::vector<std::string> arguments = {command.program};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = base::child_environment(command.environment);
  const int failure = posix_spawnp(&pid_, command.program.c_str(), &actions.value,
                                   &attributes.value, base::null_terminated(arguments).data(),
                                   base::null_terminated(environment).data());
  if (failure != 0) {
    pid_ = -1;
    auto error = cannot(command.program, failure);
    if (failure == ENOENT) error.code = base::ErrorCode::kNotFound;
    return error;
  }
  // glibc 2.36 declares pidfd_open for C only.
  const int ended = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (ended >= 0) ended_.assign(ended);  // old kernels and some seccomp profiles do not know it
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
      auto waiting = net::wait_until(
          timer_, deadline,
          output_.async_wait(asio::posix::descriptor_base::wait_read, asio::deferred));
      error = co_await std::move(waiting);
      if (error == asio::error::timed_out) {
        co_return base::Error{base::ErrorCode::kTimeout, "it takes too long"};
      }
      if (!error) continue;
    }
    co_return base::Error{base::ErrorCode::kInternal, error.message()};
  }
}

asio::awaitable<base::Result<std::string>> ChildProcess::output(std::size_t most,
                                                                Instant deadline) {
  std::string text;
  for (;;) {
    auto reading = read(deadline);
    const base::Result<std::string> part = co_await std::move(reading);
    if (!part) co_return part.error();
    if (part->empty()) co_return text;
    text += *part;
    if (text.size() > most) {
      co_return base::Error{base::ErrorCode::kTooLarge,
                            fmt::format("it prints more than {} bytes", most)};
    }
  }
}

asio::awaitable<boost::system::error_code> ChildProcess::wait_for_end(Instant deadline) {
  if (ended_.is_open()) {
    auto waiting =
        net::wait_until(timer_, deadline,
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
    timer_.expires_after(limits::kChildLook);
    co_await timer_.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<base::Result<std::string>> ChildProcess::wait(Instant deadline) {
  auto waiting = wait_for_end(deadline);
  const boost::system::error_code error = co_await std::move(waiting);
  if (error == asio::error::timed_out) {
    co_return base::Error{base::ErrorCode::kTimeout, "it takes too long"};
  }
  if (error) co_return base::Error{base::ErrorCode::kInternal, error.message()};
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) co_return fmt::format("signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) co_return fmt::format("exit code {}", WEXITSTATUS(status));
  co_return std::string();
}

}  // namespace kube
