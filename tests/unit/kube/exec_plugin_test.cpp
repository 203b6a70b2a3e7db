#include "kube/config/exec_plugin.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "support/without_pidfd.h"
#include "unit/kube/transport_fixture.h"

namespace {

using base::ErrorCode;
using namespace testing_tls;
using testing::HasSubstr;
using testing::Not;

class ExecPlugin : public TransportTest {
 protected:
  kube::ExecPlugin plugin(const std::string& script) {
    kube::ExecPlugin plugin;
    plugin.api_version = "client.authentication.k8s.io/v1";
    plugin.command = folder_.script("plugin", script);
    plugin.interactive = kube::ExecPlugin::Interactive::kNever;
    return plugin;
  }

  base::Result<kube::ExecCredential> run_plugin(const kube::ExecPlugin& plugin,
                                                std::chrono::milliseconds timeout = 10s) {
    return run(kube::run_exec_plugin(plugin, cluster_, timeout, io_.get_executor()));
  }

  static std::string prints(const std::string& status) {
    return "cat <<'END'\n{\"kind\":\"ExecCredential\",\"apiVersion\":"
           "\"client.authentication.k8s.io/v1\",\"status\":" +
           status + "}\nEND\n";
  }

  kube::ExecCluster cluster_{"https://api.test:6443", "kubernetes", false, "CA", "http://proxy:80"};
};

TEST_F(ExecPlugin, GivesTokenCertificateAndExpiration) {
  const auto credential = run_plugin(
      plugin(prints(R"({"token":"abc","clientCertificateData":"CERT","clientKeyData":"KEY",)"
                    R"("expirationTimestamp":"2030-01-02T03:04:05+01:00"})")));
  ASSERT_TRUE(credential) << base::to_string(credential.error());
  EXPECT_EQ(*credential,
            (kube::ExecCredential{"abc", "CERT", "KEY", base::parse_time("2030-01-02T02:04:05Z")}));
}

TEST_F(ExecPlugin, SeesItsArgumentsItsEnvironmentAndThatOfTheProcess) {
  auto plugin = this->plugin("printf '%s|' \"$@\" \"$EXTRA\" \"$PATH\" > " + folder_.path("seen") +
                             "\n" + prints(R"({"token":"t"})"));
  plugin.args = {"get token", "--x=*"};
  plugin.env = {{"EXTRA", "value with spaces"}};
  ASSERT_TRUE(run_plugin(plugin));
  EXPECT_EQ(folder_.read("seen"),
            "get token|--x=*|value with spaces|" + std::string(std::getenv("PATH")) + "|");
}

TEST_F(ExecPlugin, IsToldOfTheClusterOnlyIfItIsToBe) {
  auto plugin = this->plugin("printf '%s' \"$KUBERNETES_EXEC_INFO\" > " + folder_.path("info") +
                             "\n" + prints(R"({"token":"t"})"));
  ASSERT_TRUE(run_plugin(plugin));
  EXPECT_EQ(folder_.read("info"),
            R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",)"
            R"("spec":{"interactive":false}})");
  plugin.provide_cluster_info = true;
  plugin.cluster_config = R"({"audience":"x"})";
  ASSERT_TRUE(run_plugin(plugin));
  EXPECT_EQ(folder_.read("info"),
            R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",)"
            R"("spec":{"cluster":{"server":"https://api.test:6443","tls-server-name":"kubernetes",)"
            R"("certificate-authority-data":"Q0E=","proxy-url":"http://proxy:80",)"
            R"("config":{"audience":"x"}},"interactive":false}})");
}

TEST_F(ExecPlugin, HasNoStandardInputAndNoneOfTheOpenFiles) {
  const auto plugin = this->plugin("cat > " + folder_.path("input") + "; ls /proc/$$/fd > " +
                                   folder_.path("files") + "\n" + prints(R"({"token":"t"})"));
  const int extra = ::open("/dev/null", 0);  // opened without close-on-exec
  const int high = ::fcntl(extra, F_DUPFD, 90);
  ASSERT_TRUE(run_plugin(plugin));
  ::close(extra);
  ::close(high);
  EXPECT_EQ(folder_.read("input"), "");
  EXPECT_THAT(folder_.read("files"), Not(HasSubstr("90")));
}

TEST_F(ExecPlugin, ThatDoesNotExistIsToldWithItsHint) {
  auto plugin = this->plugin("");
  plugin.command = "no-such-credential-plugin";
  plugin.install_hint = "Install it from your package manager.";
  const auto credential = run_plugin(plugin);
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().code, ErrorCode::kUnauthorized);
  EXPECT_EQ(credential.error().message,
            "credential plugin no-such-credential-plugin: there is no such program. Install it "
            "from your package manager.");
}

TEST_F(ExecPlugin, ThatFailsIsToldWithItsExitCodeAndNotWithWhatItPrints) {
  const auto credential = run_plugin(plugin("echo secret; exit 7"));
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().code, ErrorCode::kUnauthorized);
  EXPECT_THAT(credential.error().message, HasSubstr("failed with exit code 7"));
  EXPECT_THAT(credential.error().message, Not(HasSubstr("secret")));
  EXPECT_THAT(run_plugin(plugin("kill -9 $$")).error().message, HasSubstr("failed with signal 9"));
}

TEST_F(ExecPlugin, ThatTakesTooLongIsKilledWithItsChildren) {
  const auto credential =
      run_plugin(plugin("sleep 60 & echo $! > " + folder_.path("child") + "\nwait"), 100ms);
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().code, ErrorCode::kTimeout);
  const std::string child = "/proc/" + std::to_string(std::stoi(folder_.read("child"))) + "/stat";
  std::string state = "running";
  for (int i = 0; i < 1000 && state != "gone"; ++i) {
    std::ifstream stat(child);
    std::string line;
    const bool there = static_cast<bool>(std::getline(stat, line));
    state = !there || line.find(") Z ") != std::string::npos ? "gone" : "running";
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(state, "gone");
}

TEST_F(ExecPlugin, ThatClosesItsOutputAndStaysIsKilled) {
  const auto credential = run_plugin(plugin("exec >&-; sleep 60"), 100ms);
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().code, ErrorCode::kTimeout);
}

TEST_F(ExecPlugin, NeedsNoPidfdOfTheKernel) {
  const auto run_without_pidfd = [&] {
    if (!support::refuse_pidfd_open()) std::exit(1);
    const auto credential = run_plugin(plugin(prints(R"({"token":"t"})") + "exec >&-; sleep 0.1"));
    const auto late = run_plugin(plugin("exec >&-; sleep 60"), 100ms);
    const bool right =
        credential && credential->token == "t" && !late && late.error().code == ErrorCode::kTimeout;
    std::exit(right ? 7 : 2);
  };
  EXPECT_EXIT(run_without_pidfd(), testing::ExitedWithCode(7), "");
}

TEST_F(ExecPlugin, ThatPrintsTooMuchIsStopped) {
  const auto credential = run_plugin(plugin("yes"));
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().code, ErrorCode::kTooLarge);
}

TEST_F(ExecPlugin, ThatWantsATerminalIsRefusedWithoutOne) {
  if (::isatty(STDIN_FILENO) == 1) GTEST_SKIP() << "there is a terminal";
  auto plugin = this->plugin(prints(R"({"token":"t"})"));
  plugin.interactive = kube::ExecPlugin::Interactive::kAlways;
  const auto credential = run_plugin(plugin);
  ASSERT_FALSE(credential);
  EXPECT_THAT(credential.error().message, HasSubstr("standard input is not a terminal"));
}

TEST_F(ExecPlugin, WhatItPrintsHasToBeAWholeCredential) {
  const std::string head = R"({"kind":"ExecCredential","apiVersion":)";
  const std::string v1 = head + R"("client.authentication.k8s.io/v1")";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "did not print an ExecCredential"},
      {"secret", "did not print an ExecCredential"},
      {R"({"kind":"secret"})", "kind is not ExecCredential"},
      {head + R"("client.authentication.k8s.io/v1beta1"})", "apiVersion is not"},
      {v1 + "}", "status is missing"},
      {v1 + R"(,"status":{}})", "neither token nor clientCertificateData"},
      {v1 + R"(,"status":{"clientCertificateData":"secret"}})", "are both needed"},
      {v1 + R"(,"status":{"token":"secret\n"}})", "control characters"},
      {v1 + R"(,"status":{"token":["secret"]}})", "status.token: expected a string"},
      {v1 + R"(,"status":{"token":"secret","expirationTimestamp":"soon"}})", "expirationTimestamp"},
  };
  const auto plugin = this->plugin("");
  for (const auto& [output, reason] : cases) {
    const auto credential = kube::parse_exec_credential(plugin, output);
    ASSERT_FALSE(credential) << output;
    EXPECT_EQ(credential.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(credential.error().message, HasSubstr(reason));
    EXPECT_THAT(credential.error().message, Not(HasSubstr("secret")));
  }
}

}  // namespace
