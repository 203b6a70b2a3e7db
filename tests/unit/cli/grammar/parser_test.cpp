#include "cli/grammar/parser.h"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/command_table.h"
#include "cli/commands/build.h"
#include "cli/commands/check.h"
#include "cli/commands/completion.h"
#include "cli/commands/env.h"
#include "cli/commands/exec.h"
#include "cli/commands/import.h"
#include "cli/commands/push.h"
#include "cli/commands/rewrite.h"
#include "cli/commands/status.h"
#include "cli/commands/wait.h"

namespace cli {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using Words = std::vector<std::string>;

// All subcommands that are listed for users.
const Words kCommands = {"status",  "url",   "wait", "env",   "exec",      "import",
                         "rewrite", "check", "push", "build", "completion"};

Outcome<CommandLine> parse(const Words& words) {
  return Parser(command_table(), "1.2.3").parse(words);
}

template <class T>
T command(const Words& words) {
  const auto line = parse(words);
  EXPECT_TRUE(line) << line.error().message;
  const auto* const found = line ? dynamic_cast<const CommandOf<T>*>(line->command.get()) : nullptr;
  if (found == nullptr) {
    ADD_FAILURE() << "another command";
    return T();
  }
  return found->value();
}

std::string error_of(const Words& words) {
  const auto line = parse(words);
  if (line) return "accepted";
  EXPECT_EQ(line.error().code, ExitCode::kUsage);
  EXPECT_EQ(line.error().message.find('\n'), std::string::npos);
  return line.error().message;
}

TEST(CommandLine, EachCommandIsKnown) {
  EXPECT_EQ(command<StatusCommand>({"status"}).output, Output::kPeople);
  EXPECT_EQ(command<StatusCommand>({"status", "-o", "yaml"}).output, Output::kYaml);
  EXPECT_EQ(command<StatusCommand>({"status", "--output=name"}).output, Output::kName);
  EXPECT_FALSE(command<UrlCommand>({"url"}).in_cluster);
  EXPECT_TRUE(command<UrlCommand>({"url", "--in-cluster"}).in_cluster);
  EXPECT_EQ(command<EnvCommand>({"env"}).format, VariablesFormat::kShell);
  EXPECT_EQ(command<EnvCommand>({"env", "-o", "dotenv", "--image", "a"}).image, "a");
  EXPECT_EQ(command<CompletionCommand>({"completion", "fish"}).shell, Shell::kFish);
}

TEST(CommandLine, ARegistryIsNamedAsArgumentOrAsFlag) {
  EXPECT_EQ(command<StatusCommand>({"status", "dev"}).registry, "dev");
  EXPECT_EQ(command<StatusCommand>({"status", "lreg/dev"}).registry, "dev");
  EXPECT_EQ(command<WaitCommand>({"wait", "--registry", "dev"}).registry, "dev");
  EXPECT_EQ(command<ExecCommand>({"exec", "--registry=dev", "--", "true"}).registry, "dev");
  EXPECT_EQ(command<StatusCommand>({"status", "env"}).registry, "env");
}

TEST(CommandLine, TheFlagsOfKubectlStandBeforeOrAfterTheCommand) {
  const Words words[] = {{"-n", "team", "--context", "c", "--kubeconfig", "f", "--request-timeout",
                          "5s", "status", "dev"},
                         {"status", "dev", "--namespace=team", "--context=c", "--kubeconfig=f",
                          "--request-timeout=5"}};
  for (const Words& one : words) {
    const auto line = parse(one);
    ASSERT_TRUE(line) << line.error().message;
    EXPECT_EQ(line->connection.namespace_name, "team");
    EXPECT_EQ(line->connection.context, "c");
    EXPECT_EQ(line->connection.kubeconfig, "f");
    EXPECT_EQ(line->connection.request_timeout, milliseconds(5000));
    const auto& status = dynamic_cast<const CommandOf<StatusCommand>&>(*line->command);
    EXPECT_EQ(status.value().registry, "dev");
  }
  EXPECT_EQ(parse({"status", "--request-timeout", "0"})->connection.request_timeout,
            limits::kDurationMost);
}

TEST(CommandLine, WaitTakesItsConditionAsKubectlDoes) {
  EXPECT_EQ(command<WaitCommand>({"wait"}).condition, "Ready");
  EXPECT_EQ(command<WaitCommand>({"wait"}).timeout, milliseconds(180'000));
  EXPECT_EQ(command<WaitCommand>({"wait", "--for", "condition=Available"}).condition, "Available");
  EXPECT_EQ(command<WaitCommand>({"wait", "--for=BuildKitReady"}).condition, "BuildKitReady");
  EXPECT_EQ(command<WaitCommand>({"wait", "--timeout", "1m30s"}).timeout, milliseconds(90'000));
}

TEST(CommandLine, WhatFollowsTwoDashesIsTheCommandWhateverItLooksLike) {
  EXPECT_THAT(
      command<ExecCommand>({"exec", "--image", "a", "--", "sh", "-c", "x", "--", "-n"}).command,
      ElementsAre("sh", "-c", "x", "--", "-n"));
  EXPECT_THAT(error_of({"exec"}), HasSubstr("no command"));
  EXPECT_THAT(error_of({"exec", "--"}), HasSubstr("no command"));
  EXPECT_THAT(error_of({"exec", "ls"}), HasSubstr("put `--` before the command"));
}

TEST(CommandLine, ImportTakesVariables) {
  const auto import = command<ImportCommand>(
      {"import", "--var", "A=1", "devspace.yaml", "--var", "B=x=y", "--name", "mine"});
  EXPECT_EQ(import.options.file, "devspace.yaml");
  EXPECT_EQ(import.options.variables.at("A"), "1");
  EXPECT_EQ(import.options.variables.at("B"), "x=y");
  EXPECT_EQ(import.options.name, "mine");
  EXPECT_EQ(import.output, Output::kYaml);
  EXPECT_EQ(command<ImportCommand>({"import", "-"}).options.file, "-");
  EXPECT_THAT(error_of({"import", "f", "--var", "A"}), HasSubstr("--var: 'A' is not NAME=VALUE"));
}

TEST(CommandLine, RewriteReadsStandardInputUnlessAFileIsNamed) {
  EXPECT_EQ(command<RewriteCommand>({"rewrite"}).file, "-");
  EXPECT_EQ(command<RewriteCommand>({"rewrite", "-f", "x.yaml"}).file, "x.yaml");
  const auto offline = command<RewriteCommand>(
      {"rewrite", "--image", "a", "--image", "b", "--registry-url", "localhost:1"});
  EXPECT_THAT(offline.images, ElementsAre("a", "b"));
  EXPECT_EQ(offline.registry_url, "localhost:1");
  EXPECT_THAT(error_of({"rewrite", "--image", "a"}), HasSubstr("must be given together"));
  EXPECT_THAT(error_of({"rewrite", "--registry-url", "a"}), HasSubstr("must be given together"));
}

TEST(CommandLine, CheckAndPushTakeSeveralImages) {
  const auto check =
      command<CheckCommand>({"check", "a", "b", "--insecure-registry", "10.0.0.0/8", "-o", "json"});
  EXPECT_THAT(check.images, ElementsAre("a", "b"));
  EXPECT_THAT(check.insecure_registries, ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(check.output, Output::kJson);
  EXPECT_THAT(error_of({"check", "a", "--insecure-registry", "a/b"}),
              HasSubstr("--insecure-registry"));
  const auto push = command<PushCommand>({"push", "a", "--archive", "f.tar", "b", "--via", "node"});
  EXPECT_THAT(push.images, ElementsAre("a", "b"));
  EXPECT_EQ(push.archive, "f.tar");
  EXPECT_EQ(push.via, Via::kNode);
  EXPECT_EQ(command<PushCommand>({"push", "a"}).via, Via::kAuto);
  EXPECT_THAT(error_of({"push"}), HasSubstr("IMAGE is required"));
  EXPECT_THAT(error_of({"push", "a", "--archive", "f", "--layout", "d"}),
              HasSubstr("cannot be combined"));
}

TEST(CommandLine, WhatIsPrintedForToolsIsChosenInOneWay) {
  const std::pair<const char*, Output> choices[] = {
      {"json", Output::kJson}, {"yaml", Output::kYaml}, {"name", Output::kName}};
  for (const auto& [word, output] : choices) {
    EXPECT_EQ(command<StatusCommand>({"status", "-o", word}).output, output);
    EXPECT_EQ(command<UrlCommand>({"url", "-o", word}).output, output);
    EXPECT_EQ(command<WaitCommand>({"wait", "-o", word}).output, output);
    EXPECT_EQ(command<CheckCommand>({"check", "-o", word}).output, output);
    EXPECT_EQ(command<PushCommand>({"push", "a", "-o", word}).output, output);
    EXPECT_EQ(command<BuildCommand>({"build", "-t", "a", "-o", word}).output, output);
  }
  EXPECT_EQ(command<EnvCommand>({"env", "-o", "yaml"}).format, VariablesFormat::kYaml);
}

TEST(CommandLine, BuildTakesTheFlagsOfDocker) {
  const auto build =
      command<BuildCommand>({"build", "-t", "a:1", "-f", "D", "--build-arg", "A=1", "--build-arg",
                             "B=2", "--target", "t", "--platform", "linux/amd64", "--secret",
                             "id=x", "--progress", "plain", "--no-cache", "src"});
  EXPECT_EQ(build.context, "src");
  EXPECT_THAT(build.tags, ElementsAre("a:1"));
  EXPECT_EQ(build.file, "D");
  EXPECT_THAT(build.build_args, ElementsAre("A=1", "B=2"));
  EXPECT_EQ(build.target, "t");
  EXPECT_THAT(build.platforms, ElementsAre("linux/amd64"));
  EXPECT_THAT(build.secrets, ElementsAre("id=x"));
  EXPECT_EQ(build.progress, "plain");
  EXPECT_TRUE(build.no_cache);
  EXPECT_EQ(command<BuildCommand>({"build", "-t", "a"}).context, ".");
  EXPECT_THAT(error_of({"build", "."}), HasSubstr("--tag is required"));
}

TEST(CommandLine, WhatCannotBeUnderstoodIsNamedWithItsRemedy) {
  EXPECT_EQ(error_of({"bogus"}), "unknown command bogus: see `kubectl localregistry --help`");
  EXPECT_EQ(error_of({"status", "--bogus"}),
            "unknown flag --bogus: see `kubectl localregistry status --help`");
  EXPECT_EQ(error_of({"status", "a", "b"}),
            "unknown argument b: see `kubectl localregistry status --help`");
  EXPECT_THAT(error_of({"env", "-o", "xml"}),
              StartsWith("--output: 'xml' is not one of shell, env, dotenv, json, yaml: see"));
  EXPECT_THAT(error_of({"wait", "--timeout", "5x"}),
              StartsWith("--timeout: '5x' is not a duration"));
  EXPECT_THAT(error_of({"status", "--request-timeout", "x"}), StartsWith("--request-timeout: "));
  EXPECT_THAT(error_of({"import"}), HasSubstr("FILE is required"));
  EXPECT_THAT(error_of({"status", "-n"}), HasSubstr("--namespace"));
  EXPECT_THAT(error_of({"completion", "tcsh"}), HasSubstr("'tcsh'"));
}

TEST(CommandLine, WithoutACommandTheHelpIsPrinted) {
  EXPECT_THAT(parse({})->print, HasSubstr("Commands:"));
  EXPECT_EQ(parse({})->print, parse({"--help"})->print);
  EXPECT_EQ(parse({"--version"})->print, "kubectl-localregistry 1.2.3\n");
}

TEST(CommandLine, EachHelpFitsOnAScreen) {
  constexpr std::size_t kColumns = 80;
  constexpr int kLinesMost = 40;
  std::vector<Words> all = {{"--help"}};
  for (const std::string& name : kCommands) all.push_back({name, "--help"});
  for (const Words& words : all) {
    const std::string help = parse(words)->print;
    std::istringstream lines(help);
    std::string line;
    int count = 0;
    while (std::getline(lines, line)) {
      ++count;
      const auto width = std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
      });
      EXPECT_LE(width, kColumns) << line;
    }
    EXPECT_LE(count, kLinesMost) << help;
    EXPECT_THAT(help, HasSubstr("Usage:\n  kubectl localregistry"));
  }
}

TEST(CommandLine, TheHelpListsEveryCommandAndTheExitCodes) {
  const std::string help = parse({"-h"})->print;
  for (const std::string& name : kCommands) EXPECT_THAT(help, HasSubstr("\n  " + name + " "));
  EXPECT_THAT(help, HasSubstr("Exit codes: 0 success"));
}

}  // namespace
}  // namespace cli
