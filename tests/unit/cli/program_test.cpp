#include "cli/program.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <cstdlib>
#include <sstream>

#include "support/temporary_folder.h"

namespace cli {
namespace {

using testing::HasSubstr;

using Words = std::vector<std::string>;

// Returns what the program prints, whose name is `arguments.front()`.
std::string printed_by(const Words& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err};
  EXPECT_EQ(run_program(arguments, "1.2.3", {}, console), 0) << err.str();
  return out.str();
}

TEST(Program, CompletionGetsItsWordsAsTheyAre) {
  // After "--", the next word is a word of a command.
  EXPECT_EQ(printed_by({"kubectl-localregistry", "__complete", "status", "--", ""}), ":0\n");
  EXPECT_EQ(printed_by({"/bin/kubectl_complete-localregistry", "exec", "--", ""}), ":0\n");
  EXPECT_EQ(printed_by({"kubectl_complete-localregistry", "url", "--in"}),
            "--in-cluster\tPrint the address of the Service, for use inside Pods\n:4\n");
}

TEST(Program, TheNamespaceOfTheFlagsIsThatOfTheImportedManifest) {
  const support::TemporaryFolder folder;
  const std::string file = folder.write("devspace.yaml", "version: v2beta1\n");
  EXPECT_THAT(printed_by({"kubectl-localregistry", "import", "-n", "team", file}),
              HasSubstr("\n  namespace: team\n"));
}

TEST(Program, ThatIsInterruptedEndsWithTheSignalAsItsCode) {
  const support::TemporaryFolder folder;
  folder.write("config.json", R"({"credHelpers":{"ghcr.io":"slow"}})");
  folder.script("docker-credential-slow", "kill -INT $PPID; exec sleep 60");
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder.path("") + ":" + path).c_str(), 1);
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err, true};
  EXPECT_EQ(run_program({"kubectl-localregistry", "check", "ghcr.io/org/app"}, "1",
                        {{"DOCKER_CONFIG", folder.path("")}}, console),
            128 + SIGINT);
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(err.str(), "\nerror: stopped by SIGINT\n");
}

TEST(Program, SaysWhichCredentialPluginFailedAndHow) {
  const support::TemporaryFolder folder;
  const std::string plugin = folder.script("plugin", "exit 3");
  const std::string config = folder.write("config", R"({"apiVersion":"v1","kind":"Config",
      "clusters":[{"name":"k","cluster":{"server":"https://127.0.0.1:1"}}],
      "users":[{"name":"u","user":{"exec":{"apiVersion":"client.authentication.k8s.io/v1",
          "command":")" + plugin + R"(","interactiveMode":"Never"}}}],
      "contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"current-context":"c"})");
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err};
  EXPECT_EQ(
      run_program({"kubectl-localregistry", "status"}, "1", {{"KUBECONFIG", config}}, console), 1);
  EXPECT_EQ(err.str(), "error: no credentials for context c: credential plugin " + plugin +
                           ": failed with exit code 3\n");
}

}  // namespace
}  // namespace cli
