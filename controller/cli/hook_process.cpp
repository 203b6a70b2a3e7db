#include "cli/hook_process.h"

#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/environment.h"

namespace cli {
namespace {

constexpr int kPassedOn[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
constexpr int kBySignal = 128;
constexpr int kNotThere = 127;
constexpr int kCannotRun = 126;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }

 private:
  int number_;
};

// Signals that are read from a descriptor while this lives, instead of ending the process.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int number : kPassedOn) sigaddset(&held, number);
    ::sigprocmask(SIG_BLOCK, &held, &earlier_);
    descriptor_ = ::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~HeldSignals() {
    if (descriptor_ >= 0) ::close(descriptor_);
    ::sigprocmask(SIG_SETMASK, &earlier_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  int descriptor() const { return descriptor_; }
  const sigset_t& earlier() const { return earlier_; }

 private:
  sigset_t earlier_{};
  int descriptor_ = -1;
};

// 0, or the errno of why not.
int start(std::vector<std::string> command, const std::vector<Variable>& variables,
          const sigset_t& mask, pid_t& pid) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &mask);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);  // which this process ignores
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> environment = base::child_environment(variables);
  const std::string program = command.front();
  const int failure = ::posix_spawnp(&pid, program.c_str(), nullptr, &attributes,
                                     base::null_terminated(command).data(),
                                     base::null_terminated(environment).data());
  posix_spawnattr_destroy(&attributes);
  return failure;
}

// Passes on what another process sent. The terminal sends to the whole group.
int pass_on(int descriptor, pid_t pid) {
  signalfd_siginfo info{};
  int last = 0;
  while (::read(descriptor, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    last = static_cast<int>(info.ssi_signo);
    if (info.ssi_code != SI_KERNEL) ::kill(pid, last);
  }
  return last;
}

int code_of(int status) {
  return WIFSIGNALED(status) ? kBySignal + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

HookResult run_hook(const std::vector<std::string>& command,
                    const std::vector<Variable>& variables) {
  const HeldSignals signals;
  HookResult result;
  pid_t pid = -1;
  if (const int failure = start(command, variables, signals.earlier(), pid); failure != 0) {
    result.code = failure == ENOENT ? kNotThere : kCannotRun;
    result.problem = fmt::format("cannot run {}: {}", command.front(), std::strerror(failure));
    return result;
  }
  // glibc 2.36 declares pidfd_open for C only.
  const Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd waits[] = {{ended.number(), POLLIN, 0}, {signals.descriptor(), POLLIN, 0}};
  while ((waits[0].revents & POLLIN) == 0) {
    if (::poll(waits, 2, -1) < 0 && errno != EINTR) break;
    if ((waits[1].revents & POLLIN) == 0) continue;
    if (const int number = pass_on(signals.descriptor(), pid); number != 0) result.signal = number;
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.code = code_of(status);
  return result;
}

}  // namespace cli
