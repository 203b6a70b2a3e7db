#include "cli/commands/exec.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/terminal/hook_process.h"
#include "support/without_pidfd.h"
#include "unit/cli/fixture.h"

namespace cli {
namespace {

using testing::HasSubstr;

class Hooks : public testing::Test, public Fixture {
 protected:
  int exec(ExecCommand command) {
    const auto runs = world.result_of(prepare(session, std::move(command)));
    EXPECT_TRUE(runs) << runs.error().message;
    return runs ? run_hooks(console, *runs) : -1;
  }

  Hooks() { have({registry_json("dev", "True", "Ready", kDelivered)}); }
  ~Hooks() override { std::filesystem::remove(file_); }

  // Returns what a shell command wrote to "$OUT".
  std::string written() const {
    std::ifstream stream(file_);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }

  std::vector<std::string> shell(const std::string& script) const {
    return {"sh", "-c", "OUT=" + file_.string() + "; " + script};
  }

  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("hook-" + std::to_string(::getpid()));
};

TEST_F(Hooks, TheCommandSeesTheVariables) {
  const int code = exec(
      ExecCommand{"", "", shell("printf %s \"$DEVSPACE_HOOK_IMAGE_NAME \" >>$OUT; env >>$OUT")});
  EXPECT_EQ(code, 0);
  EXPECT_THAT(written(), HasSubstr("localhost:31234/org/app "));
  EXPECT_THAT(written(), HasSubstr("\nDEVSPACE_HOOK_IMAGE_TAGS=[\"latest\"]\n"));
}

TEST_F(Hooks, NamesWithDotsReachTheCommand) {
  EXPECT_EQ(exec(ExecCommand{"",
                             "backend",
                             {"/bin/bash", "-c",
                              "env | grep -c '^runtime.images.backend' | "
                              "grep -qx 3"}}),
            0);
}

TEST_F(Hooks, TheExitCodeIsPassedOn) {
  EXPECT_EQ(exec(ExecCommand{"", "", {"sh", "-c", "exit 42"}}), 42);
  EXPECT_EQ(exec(ExecCommand{"", "", {"sh", "-c", "kill -9 $$"}}), 137);
  EXPECT_EQ(exec(ExecCommand{"", "", {"/no/such/program"}}), 127);
  EXPECT_THAT(err.str(), HasSubstr("error: cannot run /no/such/program: No such file"));
  EXPECT_EQ(exec(ExecCommand{"", "", {"/"}}), 126);
}

TEST_F(Hooks, ASignalIsPassedOn) {
  const HookResult result =
      run_hook({"sh", "-c",
                "trap 'exit 7' TERM; kill -TERM $PPID; for i in $(seq 500); do sleep 0.01; done"},
               {});
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.signal, SIGTERM);
}

TEST_F(Hooks, ItsEndIsSeenWhateverTheKernelKnows) {
  const auto run_without_pidfd = [] {
    if (!support::refuse_pidfd_open()) std::exit(1);
    ::alarm(20);
    std::exit(run_hook({"sh", "-c", "sleep 0.1; exit 7"}, {}).code);
  };
  EXPECT_EXIT(run_without_pidfd(), testing::ExitedWithCode(7), "");
}

TEST_F(Hooks, ItsEndIsSeenWhereTheEndOfChildrenWasIgnored) {
  const auto earlier = ::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(run_hook({"sh", "-c", "exit 7"}, {}).code, 7);
  EXPECT_EQ(::signal(SIGCHLD, earlier), SIG_IGN);
}

TEST_F(Hooks, AfterASignalTheOtherImagesAreLeftOut) {
  const HookRuns runs{shell("echo run >>$OUT; trap '' TERM; kill -TERM $PPID; sleep 0.1"),
                      {{}, {}}};
  EXPECT_EQ(run_hooks(console, runs), 143);
  EXPECT_EQ(written(), "run\n");
}

}  // namespace
}  // namespace cli
