#include "async/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/environment.h"

namespace async {
namespace {

constexpr unsigned kFirstOther = 3;             // first descriptor after standard error
constexpr unsigned kClosedByOldKernels = 1024;  // old kernels: only lower descriptors are closed
constexpr int kExecFailed = 127;

// The functions below run in the forked child, which has a copy of the memory of this process but
// only one thread. So they call only functions that are async-signal-safe.

bool become(int descriptor, int standard) {
  return descriptor < 0 || ::dup2(descriptor, standard) == standard;
}

// Marks all descriptors above standard error as close-on-exec. Kernels before 5.11 do not support
// CLOSE_RANGE_CLOEXEC.
void close_others() {
  if (::close_range(kFirstOther, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (unsigned other = kFirstOther; other < kClosedByOldKernels; ++other) {
    ::fcntl(static_cast<int>(other), F_SETFD, FD_CLOEXEC);
  }
}

// Resets all signal handlers. A handler that ran in the child would write to descriptors which the
// child shares with this process.
void remove_handlers() {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction current {};
    if (::sigaction(number, nullptr, &current) != 0 || current.sa_handler == SIG_IGN) continue;
    ::signal(number, SIG_DFL);
  }
}

bool prepare(const Spawn& program, pid_t parent) {
  if (program.own_group && ::setpgid(0, 0) != 0) return false;
  remove_handlers();
  for (const int number : program.default_signals) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  if (::pthread_sigmask(SIG_SETMASK, program.mask == nullptr ? &none : program.mask, nullptr) !=
      0) {
    return false;
  }
  if (!become(program.input, STDIN_FILENO) || !become(program.output, STDOUT_FILENO)) return false;
  if (program.merges_errors && !become(STDOUT_FILENO, STDERR_FILENO)) return false;
  if (program.closes_others) close_others();
  if (program.death_signal == 0) return true;
  if (::prctl(PR_SET_PDEATHSIG, program.death_signal) != 0) return false;
  // The parent may have ended before prctl(); then the kernel sends no signal.
  if (::getppid() != parent) ::_exit(kExecFailed);
  return true;
}

}  // namespace

int spawn(const Spawn& program, pid_t& pid) {
  std::vector<std::string> words = program.words;
  std::vector<std::string> environment = base::child_environment(program.environment);
  const std::vector<char*> arguments = base::null_terminated(words);
  const std::vector<char*> variables = base::null_terminated(environment);
  std::array<int, 2> failure{};  // carries the errno of a failed start; a successful exec closes it
  if (::pipe2(failure.data(), O_CLOEXEC) != 0) return errno;
  const pid_t parent = ::getpid();
  // Block all signals, so that no handler runs in the child before prepare() has removed them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const pid_t child = ::fork();
  const int fork_failure = child < 0 ? errno : 0;
  if (child == 0) {
    if (prepare(program, parent)) ::execvpe(arguments[0], arguments.data(), variables.data());
    const int why = errno;
    if (::write(failure[1], &why, sizeof why) < 0) ::_exit(kExecFailed);
    ::_exit(kExecFailed);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::close(failure[1]);
  int why = fork_failure;
  ssize_t size = 0;
  if (child > 0) {
    do {
      size = ::read(failure[0], &why, sizeof why);
    } while (size < 0 && errno == EINTR);
  }
  ::close(failure[0]);
  if (child > 0 && size <= 0) {
    pid = child;
    return 0;
  }
  while (child > 0 && ::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return why;
}

}  // namespace async
