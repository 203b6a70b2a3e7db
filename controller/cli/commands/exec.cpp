#include "cli/commands/exec.h"

#include <fmt/core.h>

#include <ostream>

#include "cli/cluster/registries.h"
#include "cli/grammar/in_cluster.h"
#include "cli/terminal/hook_process.h"
#include "cli/terminal/interrupts.h"

namespace cli {
namespace {

constexpr CommandHelp kExecHelp = {
    .name = "exec",
    .summary = "Run a command with the image variables that DevSpace sets",
    .usage = "[flags] -- COMMAND [ARGUMENT...]",
    .description =
        "Runs a command once for each image in spec.images of the LocalRegistry, as\n"
        "DevSpace runs a hook. Each run has the environment variables\n"
        "DEVSPACE_HOOK_IMAGE_* of its image and runtime.images.* of all images; see the\n"
        "command env. After a run that fails, no further run starts. Signals are passed\n"
        "to the command. The exit code is that of the command; 128 plus the number of the\n"
        "signal that ended the command; 127 if the command does not exist; 126 if it\n"
        "cannot be run.",
    .examples = "exec -- ./deploy.sh\nexec --image backend -- env",
};

void declare(Flags& flags, ExecCommand& command) {
  flags.add_registry(command.registry);
  flags.add({.names = "--image",
             .description = "Run only for this image of spec.images",
             .type = "NAME",
             .kind = ValueKind::kImage},
            command.image);
  flags.add_words_after_dashes(command.command);
}

Outcome<> check(const ExecCommand& command) {
  if (!command.command.empty()) return {};
  return usage_failure(fmt::format("exec: no command: write `{} exec -- COMMAND`", kProgram));
}

// The connection ends before the command starts, because run_hooks() needs a process without other
// threads.
Outcome<int> run_exec(const Invocation& invocation, const ExecCommand& command) {
  const auto runs = ask_cluster(
      invocation, [&](const ClusterSession& session) { return prepare(session, command); });
  if (!runs) return runs.error();
  return run_hooks(invocation.console, *runs);
}

}  // namespace

boost::asio::awaitable<Outcome<HookRuns>> prepare(const ClusterSession& session,
                                                  ExecCommand command) {
  auto finding = find_registry(session, command.registry);
  const Outcome<api::LocalRegistry> registry = co_await std::move(finding);
  if (!registry) co_return registry.error();
  const auto chosen = image_variables(*registry, command.image);
  if (!chosen) co_return chosen.error();
  // Each run gets the runtime variables of all images. If the delivery of one image is not decided
  // yet, each run gets those of the chosen images only.
  const auto all = image_variables(*registry);
  std::vector<Variable> runtime;
  for (const ImageVariables& image : all ? *all : *chosen) {
    runtime.insert(runtime.end(), image.runtime.begin(), image.runtime.end());
  }
  HookRuns runs{std::move(command.command), {}};
  for (const ImageVariables& image : *chosen) {
    runs.variables.push_back(runtime);
    runs.variables.back().insert(runs.variables.back().end(), image.hook.begin(), image.hook.end());
  }
  co_return runs;
}

int run_hooks(Console& console, const HookRuns& runs) {
  console.out.flush();
  for (std::size_t i = 0; i < runs.variables.size(); ++i) {
    const HookResult result = run_hook(runs.command, runs.variables[i]);
    if (!result.problem.empty()) console.err << "error: " << result.problem << "\n";
    if (result.code != 0) return result.code;
    const bool is_last = i + 1 == runs.variables.size();
    if (result.signal != 0 && !is_last) return kExitBySignal + result.signal;
  }
  return 0;
}

CommandEntry exec_command() {
  return CommandDefinition<ExecCommand>{
      .help = kExecHelp, .declare = declare, .run = run_exec, .check = check};
}

}  // namespace cli
