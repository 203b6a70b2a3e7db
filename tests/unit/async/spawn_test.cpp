#include "async/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace {

using async::Spawn;

// Returns what a program writes to its standard output, until every process has closed that pipe.
std::string output_of(Spawn program) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return "no pipe";
  program.output = pipe[1];
  pid_t pid = -1;
  const int failure = async::spawn(program, pid);
  ::close(pipe[1]);
  std::string text;
  std::array<char, 256> part{};
  for (ssize_t got = 0; (got = ::read(pipe[0], part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  ::close(pipe[0]);
  if (failure == 0) ::waitpid(pid, nullptr, 0);
  return text;
}

TEST(Spawn, PassesArgumentsAndEnvironment) {
  Spawn program;
  program.words = {"sh", "-c", "printf '%s|' \"$1\" \"$EXTRA\"", "sh", "a b"};
  program.environment = {{"EXTRA", "c d"}};
  EXPECT_EQ(output_of(program), "a b|c d|");
}

TEST(Spawn, StandardErrorMayGoWhereStandardOutputGoes) {
  Spawn program;
  program.words = {"sh", "-c", "echo out; echo err >&2"};
  program.merges_errors = true;
  EXPECT_EQ(output_of(program), "out\nerr\n");
}

TEST(Spawn, SaysWhyAProgramIsNotStarted) {
  pid_t pid = -1;
  Spawn program;
  program.words = {"no-such-program-anywhere"};
  EXPECT_EQ(async::spawn(program, pid), ENOENT);
  program.words = {"/"};
  EXPECT_EQ(async::spawn(program, pid), EACCES);
  EXPECT_EQ(pid, -1);
}

TEST(Spawn, ClosesOtherDescriptors) {
  const int open_file = ::open("/dev/null", O_RDONLY);
  ASSERT_GE(open_file, 0);
  Spawn program;
  program.words = {"sh", "-c",
                   "[ -e /proc/self/fd/" + std::to_string(open_file) + " ] && echo open || echo -"};
  EXPECT_EQ(output_of(program), "open\n");
  program.closes_others = true;
  EXPECT_EQ(output_of(program), "-\n");
  ::close(open_file);
}

// The pipe ends when its last holder ends. That is the program, which would sleep for 600 s.
TEST(Spawn, AProgramEndsWithTheProcessThatStartedIt) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    Spawn program;
    program.words = {"sleep", "600"};
    program.output = pipe[1];
    program.death_signal = SIGKILL;
    pid_t pid = -1;
    ::_exit(async::spawn(program, pid) == 0 && pid > 0 ? 0 : 1);
  }
  ::close(pipe[1]);
  int status = -1;
  ASSERT_EQ(::waitpid(middle, &status, 0), middle);
  EXPECT_EQ(status, 0);
  char byte = 0;
  EXPECT_EQ(::read(pipe[0], &byte, 1), 0);
  ::close(pipe[0]);
}

}  // namespace
