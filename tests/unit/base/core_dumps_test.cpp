#include "base/core_dumps.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace base {
namespace {

// Returns whether `check` holds in a child process. A process cannot allow core dumps again once
// they are forbidden, so each check needs a separate one.
bool holds_in_a_child(bool (*check)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(CoreDumps, AreForbiddenByTheLimitAndForPipedCorePatternsByTheDumpableFlag) {
  EXPECT_TRUE(holds_in_a_child([] {
    forbid_core_dumps();
    rlimit limit = {1, 1};
    ::getrlimit(RLIMIT_CORE, &limit);
    return limit.rlim_cur == 0 && limit.rlim_max == 0 && ::prctl(PR_GET_DUMPABLE) == 0;
  }));
}

TEST(CoreDumps, AreAllowedUntilThen) {
  EXPECT_TRUE(holds_in_a_child([] { return ::prctl(PR_GET_DUMPABLE) == 1; }));
}

}  // namespace
}  // namespace base
