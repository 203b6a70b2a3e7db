#include "app/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

base::Result<CommandLine> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "local-registry-operator");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), "1.2.3");
}

std::string error_of(std::vector<const char*> arguments) {
  const auto line = parse(std::move(arguments));
  return line ? "" : line.error().message;
}

TEST(Options, WithoutFlagsTheDefaultsHold) {
  const Options options = parse({})->options;
  EXPECT_EQ(options.kubeconfig, "");
  EXPECT_EQ(options.context, "");
  EXPECT_THAT(options.watch_namespaces, IsEmpty());
  EXPECT_FALSE(options.leader_elect);
  EXPECT_EQ(options.leader_election_namespace, "");
  EXPECT_EQ(options.leader_election_id, "local-registry-operator");
  EXPECT_EQ(options.metrics_bind_address, ":8080");
  EXPECT_EQ(options.health_probe_bind_address, ":8081");
  EXPECT_EQ(options.webhook_bind_address, ":9443");
  EXPECT_EQ(options.webhook_service, "local-registry-operator-webhook");
  EXPECT_EQ(options.webhook_secret, "local-registry-operator-webhook");
  EXPECT_EQ(options.webhook_configuration, "local-registry-operator");
  EXPECT_EQ(options.webhook_certificate_validity, std::chrono::hours(90 * 24));
  EXPECT_EQ(options.max_concurrent_reconciles, 8U);
  EXPECT_EQ(options.log_level, base::LogLevel::kInfo);
  EXPECT_EQ(options.log_format, base::LogFormat::kText);
}

TEST(Options, EveryFlagIsRead) {
  const auto line = parse({"--kubeconfig",
                           "config",
                           "--context=kind",
                           "--watch-namespaces",
                           "a,b",
                           "--leader-elect",
                           "--leader-election-namespace",
                           "system",
                           "--leader-election-id=second",
                           "--metrics-bind-address",
                           "0",
                           "--health-probe-bind-address",
                           "127.0.0.1:1",
                           "--webhook-bind-address=0",
                           "--webhook-service=hook",
                           "--webhook-secret=hook.tls",
                           "--webhook-configuration",
                           "hooks.example",
                           "--webhook-certificate-validity",
                           "1h30m",
                           "--max-concurrent-reconciles",
                           "3",
                           "--log-level",
                           "debug",
                           "--log-format",
                           "json"});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->print, "");
  const Options& options = line->options;
  EXPECT_EQ(options.kubeconfig, "config");
  EXPECT_EQ(options.context, "kind");
  EXPECT_THAT(options.watch_namespaces, ElementsAre("a", "b"));
  EXPECT_TRUE(options.leader_elect);
  EXPECT_EQ(options.leader_election_namespace, "system");
  EXPECT_EQ(options.leader_election_id, "second");
  EXPECT_EQ(options.metrics_bind_address, "0");
  EXPECT_EQ(options.health_probe_bind_address, "127.0.0.1:1");
  EXPECT_EQ(options.webhook_bind_address, "0");
  EXPECT_EQ(options.webhook_service, "hook");
  EXPECT_EQ(options.webhook_secret, "hook.tls");
  EXPECT_EQ(options.webhook_configuration, "hooks.example");
  EXPECT_EQ(options.webhook_certificate_validity, std::chrono::minutes(90));
  EXPECT_EQ(options.max_concurrent_reconciles, 3U);
  EXPECT_EQ(options.log_level, base::LogLevel::kDebug);
  EXPECT_EQ(options.log_format, base::LogFormat::kJson);
}

TEST(Options, DurationsAreReadAsGoWritesThem) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_duration("90s").value(), seconds(90));
  EXPECT_EQ(parse_duration("2160h").value(), seconds(2160 * 3600));
  EXPECT_EQ(parse_duration("1h2m3s").value(), seconds(3723));
  for (const char* text :
       {"", "1", "h", "1d", "-1h", "1m1h", "1h1h", "1.5h", "1h ", "99999999999h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Options, AWrongWebhookFlagIsNamed) {
  for (const char* flag :
       {"--webhook-service=a.b", "--webhook-service=", "--webhook-secret=A",
        "--webhook-secret=a..b", "--webhook-configuration=.a",
        "--webhook-certificate-validity=soon", "--webhook-certificate-validity=1s",
        "--webhook-certificate-validity=50000h"}) {
    const std::string text = flag;
    EXPECT_THAT(error_of({flag}), HasSubstr(text.substr(0, text.find('=')))) << flag;
  }
}

TEST(Options, AWrongFlagIsNamed) {
  EXPECT_THAT(error_of({"--no-such-flag"}), HasSubstr("--no-such-flag"));
  EXPECT_THAT(error_of({"stray"}), HasSubstr("stray"));
  EXPECT_THAT(error_of({"--kubeconfig"}), HasSubstr("--kubeconfig"));
}

TEST(Options, AWrongValueIsToldWithItsFlag) {
  EXPECT_THAT(error_of({"--log-level", "loud"}), HasSubstr("--log-level"));
  EXPECT_THAT(error_of({"--log-format", "xml"}), HasSubstr("--log-format"));
  for (const char* number : {"0", "-1", "257", "many", "1.5"}) {
    EXPECT_THAT(error_of({"--max-concurrent-reconciles", number}),
                HasSubstr("--max-concurrent-reconciles"))
        << number;
  }
  for (const char* flag :
       {"--metrics-bind-address", "--health-probe-bind-address", "--webhook-bind-address"}) {
    EXPECT_THAT(error_of({flag, "nowhere"}), HasSubstr(flag));
  }
  for (const char* name : {"Team", "a b", "-a", "a-", "a.b"}) {
    EXPECT_THAT(error_of({"--watch-namespaces", name}), HasSubstr("--watch-namespaces")) << name;
  }
}

TEST(Options, HelpNamesEveryFlagAndTheExitCodes) {
  const auto line = parse({"--help"});
  ASSERT_TRUE(line);
  for (const char* flag :
       {"--kubeconfig", "--context", "--watch-namespaces", "--leader-elect",
        "--leader-election-namespace", "--leader-election-id", "--metrics-bind-address",
        "--health-probe-bind-address", "--max-concurrent-reconciles", "--log-level", "--log-format",
        "--version", "--help", "Exit codes"}) {
    EXPECT_THAT(line->print, HasSubstr(flag));
  }
}

TEST(Options, VersionIsPrinted) {
  EXPECT_EQ(parse({"--version"})->print, "local-registry-operator 1.2.3\n");
}

}  // namespace
}  // namespace app
