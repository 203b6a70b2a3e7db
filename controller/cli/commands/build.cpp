#include "cli/commands/build.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <filesystem>
#include <ostream>

#include "api/conditions.h"
#include "base/text/percent.h"
#include "cli/cluster/pods.h"
#include "cli/cluster/push_target.h"
#include "cli/cluster/registries.h"
#include "cli/cluster/registry_status.h"
#include "cli/grammar/in_cluster.h"
#include "cli/terminal/hook_process.h"
#include "json/writer.h"
#include "registry/url.h"

namespace cli {
namespace {

namespace asio = boost::asio;
using Words = std::vector<std::string>;

constexpr std::string_view kInstall =
    "buildctl was not found on PATH: install it from the archive buildkit-*.tar.gz of a BuildKit "
    "release (github.com/moby/buildkit), or run `go install "
    "github.com/moby/buildkit/cmd/buildctl@latest`";

void append(Words& words, const std::string& flag, const Words& values,
            const std::string& before = {}) {
  for (const std::string& value : values) {
    words.push_back(flag);
    words.push_back(before + value);
  }
}

// Returns the address of BuildKit, which buildctl reaches by `kubectl exec`. The name of the
// context is percent-encoded, because buildctl decodes the query of the address.
std::string address(const api::LocalRegistry& registry, const std::string& pod,
                    const Connection& connection) {
  std::string text = fmt::format("kube-pod://{}?namespace={}&container=buildkitd", pod,
                                 api::target_namespace(registry));
  if (!connection.context.empty()) text += "&context=" + base::percent_encoded(connection.context);
  return text;
}

Words command_of(const BuildCommand& command, const std::string& to, const std::string& output) {
  namespace fs = std::filesystem;
  const fs::path file =
      command.file.empty() ? fs::path(command.context) / "Dockerfile" : fs::path(command.file);
  const std::string folder = file.parent_path().empty() ? "." : file.parent_path().string();
  Words words = {"buildctl", "--addr", to, "build", "--frontend", "dockerfile.v0"};
  append(words, "--local", {"context=" + command.context, "dockerfile=" + folder});
  append(words, "--opt", {"filename=" + file.filename().string()});
  if (!command.target.empty()) append(words, "--opt", {"target=" + command.target});
  append(words, "--opt", command.build_args, "build-arg:");
  if (!command.platforms.empty()) {
    append(words, "--opt", {fmt::format("platform={}", fmt::join(command.platforms, ","))});
  }
  append(words, "--secret", command.secrets);
  append(words, "--ssh", command.ssh);
  if (command.no_cache) words.emplace_back("--no-cache");
  if (!command.progress.empty()) append(words, "--progress", {command.progress});
  append(words, "--output", {output});
  return words;
}

// Returns the value of buildctl's flag --output. BuildKit runs in the same pod as the registry, so
// it pushes to localhost.
std::string output_of(const api::LocalRegistry& registry, const std::vector<PushTarget>& targets) {
  Words names;
  for (const PushTarget& target : targets) {
    names.push_back(fmt::format("localhost:{}/{}:{}", registry.spec.port, target.path, target.tag));
  }
  // The value is a line of CSV, so the list of names, which contains commas, is quoted.
  return fmt::format("type=image,\"name={}\",push=true,registry.insecure=true",
                     fmt::join(names, ","));
}

constexpr CommandHelp kBuildHelp = {
    .name = "build",
    .summary = "Build an image in the cluster",
    .usage = "[CONTEXT] -t IMAGE [flags]",
    .description =
        "Builds an image with the BuildKit sidecar of the local registry and pushes it to\n"
        "that registry. Needs buildctl and kubectl on PATH. Prints the image references\n"
        "to use in Pods, as does -o name.",
    .examples =
        "build -t ghcr.io/org/project/image:dev .\nbuild -t backend -f backend/Dockerfile backend",
};

void declare(Flags& flags, BuildCommand& command) {
  flags.add({.names = "CONTEXT", .kind = ValueKind::kFolder}, command.context);
  flags.add({.names = "-t,--tag",
             .description = "Image to build, or name of an image of spec.images; may be repeated",
             .type = "IMAGE",
             .kind = ValueKind::kReference,
             .is_required = true},
            command.tags);
  flags.add({.names = "-f,--file",
             .description = "Dockerfile (default CONTEXT/Dockerfile)",
             .type = "FILE",
             .kind = ValueKind::kFile},
            command.file);
  flags.add_registry(command.registry);
  flags.add({.names = "--build-arg",
             .description = "Build argument of the Dockerfile; may be repeated",
             .type = "NAME=VALUE"},
            command.build_args);
  flags.add(
      {.names = "--target", .description = "Stage of the Dockerfile to build", .type = "STAGE"},
      command.target);
  flags.add({.names = "--platform",
             .description = "Platform to build for; may be repeated",
             .type = "OS/ARCH"},
            command.platforms);
  flags.add({.names = "--secret",
             .description = "Secret for the build, as id=ID,src=FILE; may be repeated",
             .type = "SPEC"},
            command.secrets);
  flags.add({.names = "--ssh",
             .description = "SSH agent for the build: default, or ID=SOCKET; may be repeated",
             .type = "SPEC"},
            command.ssh);
  flags.add(
      {.names = "--no-cache", .description = "Build every step again, without the build cache"},
      command.no_cache);
  flags.add({.names = "--progress",
             .description = "Progress output: auto, plain, tty or rawjson",
             .type = "KIND"},
            command.progress);
  flags.add_output(command.output, "references");
}

// The connection ends before buildctl starts, because run_build() needs a process without other
// threads.
Outcome<int> prepare_and_run(const Invocation& invocation, const BuildCommand& command) {
  const auto build = ask_cluster(invocation, [&](const ClusterSession& session) {
    return prepare(session, invocation.connection, command);
  });
  if (!build) return build.error();
  return run_build(invocation.console, *build);
}

}  // namespace

Outcome<BuildRun> build_run(const api::LocalRegistry& registry, const std::string& pod,
                            const Connection& connection, const BuildCommand& command) {
  std::vector<PushTarget> targets;
  for (const std::string& tag : command.tags) {
    const auto found = push_targets(registry, tag);
    if (!found) return found.error();
    targets.insert(targets.end(), found->begin(), found->end());
  }
  BuildRun run;
  run.output = command.output;
  for (const PushTarget& target : targets) {
    if (target.delivery == api::Delivery::kKindLoad) {
      return Failure{
          ExitCode::kFailure,
          fmt::format(
              "{}: on a KinD cluster images are loaded into the nodes, and no BuildKit runs: build "
              "the image with docker, then load it with `kubectl localregistry push`",
              target.source)};
    }
    run.results.push_back(target.resolved);
  }
  run.command =
      command_of(command, address(registry, pod, connection), output_of(registry, targets));
  if (!connection.kubeconfig.empty()) run.variables = {{"KUBECONFIG", connection.kubeconfig}};
  return run;
}

asio::awaitable<Outcome<BuildRun>> prepare(const ClusterSession& session, Connection connection,
                                           BuildCommand command) {
  auto finding = find_registry(session, command.registry);
  const Outcome<api::LocalRegistry> registry = co_await std::move(finding);
  if (!registry) co_return registry.error();
  // Errors of the arguments are reported before errors of the cluster.
  const auto checked = build_run(*registry, "", connection, command);
  if (!checked) co_return checked.error();
  if (const std::string missing = why_not_true(*registry, api::condition::kBuildKitReady);
      !missing.empty()) {
    co_return Failure{ExitCode::kNotReady,
                      printable(fmt::format("BuildKit is not ready for LocalRegistry {}: {}",
                                            registry->metadata.name, missing))};
  }
  auto finding_pod = find_pod(session, *registry);
  const Outcome<api::ObjectMeta> pod = co_await std::move(finding_pod);
  if (!pod) co_return pod.error();
  co_return build_run(*registry, pod->name, connection, command);
}

std::string print(const BuildRun& run) {
  if (run.output == Output::kPeople || run.output == Output::kName) {
    return run.results.empty() ? "" : fmt::format("{}\n", fmt::join(run.results, "\n"));
  }
  json::Writer writer;
  writer.begin_array();
  for (const std::string& reference : run.results) {
    writer.begin_object();
    writer.key("reference");
    writer.string(reference);
    writer.end_object();
  }
  writer.end_array();
  return print_text(writer.take(), run.output);
}

Outcome<int> run_build(Console& console, const BuildRun& run) {
  const HookResult result = run_hook(run.command, run.variables);
  if (!result.problem.empty()) {
    const bool has_buildctl = result.code != kNotThere;
    return Failure{ExitCode::kFailure, has_buildctl ? result.problem : std::string(kInstall)};
  }
  if (result.code != 0) {
    return Failure{ExitCode::kFailure,
                   fmt::format("buildctl failed with exit code {}", result.code)};
  }
  console.out << print(run);
  return 0;
}

CommandEntry build_command() {
  return CommandDefinition<BuildCommand>{
      .help = kBuildHelp, .declare = declare, .run = prepare_and_run};
}

}  // namespace cli
