#include "cli/terminal/hook_process.h"

#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "async/spawn.h"
#include "base/file.h"
#include "base/text/quote.h"
#include "cli/terminal/interrupts.h"

namespace cli {
namespace {

constexpr int kPassedOn[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
constexpr int kCannotRun = 126;
constexpr int kRecheckInterval = 1000;  // milliseconds, in case another thread received SIGCHLD

// BlockedSignals blocks signals during its lifetime, so that they are read from a descriptor and do
// not terminate the process. One of them is SIGCHLD, which reports the end of the child. A pidfd
// would do so as well, but some kernels and seccomp profiles do not support pidfd_open.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int number : kPassedOn) sigaddset(&held, number);
    sigaddset(&held, SIGCHLD);
    // A process that ignores SIGCHLD cannot read the exit status of its children.
    struct sigaction heard {};
    heard.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &heard, &earlier_child_);
    ::sigprocmask(SIG_BLOCK, &held, &earlier_);
    pending_ = base::Descriptor(::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~BlockedSignals() {
    ::sigaction(SIGCHLD, &earlier_child_, nullptr);
    ::sigprocmask(SIG_SETMASK, &earlier_, nullptr);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  int descriptor() const { return pending_.number(); }
  const sigset_t& earlier() const { return earlier_; }

 private:
  sigset_t earlier_{};
  struct sigaction earlier_child_ {};
  base::Descriptor pending_;
};

// Starts the command and sets `pid`. Returns 0, or the errno of the failure.
int start(const std::vector<std::string>& command, const std::vector<Variable>& variables,
          const sigset_t& mask, pid_t& pid) {
  async::Spawn program;
  program.words = command;
  program.environment = variables;
  program.default_signals = {SIGPIPE};  // this process ignores it, but the command must not
  program.mask = &mask;
  program.death_signal = SIGTERM;
  return async::spawn(program, pid);
}

// Forwards the pending signals that another process sent. Signals of the terminal (SI_KERNEL) are
// not forwarded, because the terminal sends them to the whole process group. Returns the number of
// the last pending signal, forwarded or not; 0 if there is none.
int forward_signal(int descriptor, pid_t pid) {
  signalfd_siginfo info{};
  int last = 0;
  while (::read(descriptor, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGCHLD) continue;
    last = static_cast<int>(info.ssi_signo);
    if (info.ssi_code != SI_KERNEL) ::kill(pid, last);
  }
  return last;
}

int code_of(int status) {
  return WIFSIGNALED(status) ? kExitBySignal + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

HookResult run_hook(const std::vector<std::string>& command,
                    const std::vector<Variable>& variables) {
  const BlockedSignals signals;
  HookResult result;
  pid_t pid = -1;
  if (const int failure = start(command, variables, signals.earlier(), pid); failure != 0) {
    result.code = failure == ENOENT ? kNotThere : kCannotRun;
    result.problem =
        fmt::format("cannot run {}: {}", base::shown(command.front()), std::strerror(failure));
    return result;
  }
  int status = 0;
  pollfd waits = {signals.descriptor(), POLLIN, 0};
  for (;;) {
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid || (ended < 0 && errno != EINTR)) break;
    ::poll(&waits, 1, kRecheckInterval);
    if (const int number = forward_signal(signals.descriptor(), pid); number != 0)
      result.signal = number;
  }
  result.code = code_of(status);
  return result;
}

}  // namespace cli
