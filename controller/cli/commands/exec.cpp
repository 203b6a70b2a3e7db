#include "cli/commands/exec.h"

#include <fmt/core.h>

#include <ostream>

#include "cli/cluster/registries.h"
#include "cli/terminal/hook_process.h"
#include "cli/terminal/interrupts.h"

namespace cli {

boost::asio::awaitable<Outcome<int>> run(const ClusterSession& session, EnvCommand command) {
  auto finding = find_registry(session, command.registry);
  const Outcome<api::LocalRegistry> registry = co_await std::move(finding);
  if (!registry) co_return registry.error();
  const auto images = image_variables(*registry, command.image);
  if (!images) co_return images.error();
  const Outcome<std::string> text = print_variables(*images, command.format);
  if (!text) co_return text.error();
  if (images->size() > 1 && command.format != VariablesFormat::kJson &&
      command.format != VariablesFormat::kYaml) {
    session.console.err << "note: the variables DEVSPACE_HOOK_IMAGE_* are printed for every image "
                           "under the same names, so the values of the last image win: choose an "
                           "image with --image, or use exec\n";
  }
  session.console.out << *text;
  co_return 0;
}

boost::asio::awaitable<Outcome<HookRuns>> prepare(const ClusterSession& session,
                                                  ExecCommand command) {
  auto finding = find_registry(session, command.registry);
  const Outcome<api::LocalRegistry> registry = co_await std::move(finding);
  if (!registry) co_return registry.error();
  const auto chosen = image_variables(*registry, command.image);
  if (!chosen) co_return chosen.error();
  // Each run gets the runtime variables of all images. If one of them is not decided yet, it gets
  // those of the chosen images only.
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

}  // namespace cli
