#include "cli/help.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

namespace cli {
namespace {

constexpr std::size_t kColumn = 29;   // column at which descriptions begin
constexpr std::size_t kColumns = 80;  // width of a terminal

// The long descriptions are defined here, so that the table below stays readable.
constexpr std::string_view kEnv =
    "Prints, for every image that the LocalRegistry declares, runtime.images.IMAGE,\n"
    ".image and .tag, and the hook variables DEVSPACE_HOOK_IMAGE_NAME, _CONFIG_NAME,\n"
    "_TAGS and _CONFIG. Formats:\n"
    "  shell   export NAME='value', for eval. No shell takes a name with dots: such\n"
    "          variables are comments there; env and exec have them all.\n"
    "  env     NAME=value, for env $(…) COMMAND\n"
    "  dotenv  NAME=value, quoted if need be\n"
    "  json    {\"variables\": {…}, \"hooks\": [{…}, …]}; yaml: the same";

constexpr std::string_view kCheck =
    "Asks the registry of each image whether you may push it, as docker push would,\n"
    "with your own credentials: those in $DOCKER_AUTH_CONFIG, else of the first file\n"
    "that has some: what $REGISTRY_AUTH_FILE names, config.json in $DOCKER_CONFIG or\n"
    "~/.docker, containers/auth.json in $XDG_RUNTIME_DIR or ~/.config; and of the\n"
    "credential helpers that it names. Without IMAGE: those that the LocalRegistry\n"
    "declares. -o name prints those that may be pushed. Exit code 1 when one may not\n"
    "be pushed, or it cannot be told.";

constexpr std::string_view kPush =
    "Pushes images to the local registry, from a Docker-compatible daemon\n"
    "(DOCKER_HOST, the Docker context, the sockets of Docker, rootless too, and of\n"
    "podman) or from files. On KinD it runs kind load. IMAGE is a reference, or the\n"
    "name of a declared image, for each of its tags. What the registry has is not\n"
    "sent again: a push that was cut goes on. Prints the references for Pods, as\n"
    "-o name does.";

constexpr CommandHelp kCommands[] = {
    {"status", "What a LocalRegistry is and where it is", "[NAME] [flags]",
     "Shows a LocalRegistry: whether it is ready, where it is, its conditions, and\n"
     "what became of each image that it declares. -o json and -o yaml print the\n"
     "resource itself. The exit code says whether it could be read, not whether it is\n"
     "ready: for that there is wait.",
     "status\nstatus dev -n team-a -o yaml"},
    {"url", "What image references start with", "[NAME] [flags]",
     "Prints what image references start with on every node, localhost:<nodePort>; or\n"
     "the address for Pods. -o name prints the LocalRegistry that it is of. Exit code\n"
     "5 when no registry runs.",
     "url\nurl dev --in-cluster"},
    {"wait", "Wait until a LocalRegistry is ready", "[NAME] [flags]",
     "Waits until a condition of a LocalRegistry is True for the spec as it is now.\n"
     "Says on standard error what it waits for. -o json and -o yaml print the resource\n"
     "then. Exit code 5 when the time is over.",
     "wait\nwait dev --timeout 5m\nwait dev --for BuildKitReady"},
    {"env", "The variables of DevSpace for the declared images", "[NAME] [flags]", kEnv,
     "env --image backend\nenv -o dotenv > .env"},
    {"exec", "Run a command with the variables of DevSpace", "[flags] -- COMMAND [ARGUMENT...]",
     "Runs a command as DevSpace runs a hook: once for each image that the\n"
     "LocalRegistry declares, with its DEVSPACE_HOOK_IMAGE_* and all runtime.images.*\n"
     "set, until one run fails. The exit code is that of the command; 128 and the\n"
     "number of the signal that ended it; 127 when it is not there, 126 when it cannot\n"
     "be run. Signals are passed on.",
     "exec -- ./deploy.sh\nexec --image backend -- env"},
    {"import", "A LocalRegistry from a devspace.yaml", "FILE|- [flags]",
     "Prints a LocalRegistry made of the sections localRegistry and images of a\n"
     "devspace.yaml. Variables get the value of --var, of the file, of the environment\n"
     "or their default, in this order. What could not be carried over is reported on\n"
     "standard error; what is wrong in the file is an error with line and column.",
     "import devspace.yaml | kubectl apply -f -\nimport devspace.yaml --var HOST=ghcr.io"},
    {"rewrite", "Put the local registry into manifests", "-f FILE|- [flags]",
     "Writes manifests, Helm values, Compose files or a devspace.yaml to standard\n"
     "output with the references to images of the local registry rewritten to it. A\n"
     "reference with a registry, tag or digest is rewritten wherever it stands; a path\n"
     "alone (org/app) only under a key that names an image, such as image; registry\n"
     "and repository of one mapping together. Every other byte is unchanged, and so is\n"
     "the file. A value that looks like such an image and is left gives a warning. The\n"
     "images are those that the LocalRegistry declares, or --image.\n"
     "\n"
     "As a post-renderer: Helm 3 takes the program, Helm 4 the name of a plugin\n"
     "(deploy/helm-plugin). Helm 3 does not post-render hooks; Helm 4 hides warnings.",
     "rewrite -f deployment.yaml | kubectl apply -f -",
     "kubectl localregistry rewrite -f - --image ghcr.io/org/app \\\n"
     "  --registry-url localhost:31234\n"
     "helm install app ./chart --post-renderer kubectl-localregistry \\\n"
     "  --post-renderer-args rewrite                           # Helm 3\n"
     "helm plugin install deploy/helm-plugin\n"
     "helm install app ./chart --post-renderer localregistry   # Helm 4"},
    {"check", "May you push these images to their registries?", "[IMAGE...] [flags]", kCheck,
     "check ghcr.io/org/project/image\ncheck -o json"},
    {"push", "Push images to where they are delivered", "IMAGE... [flags]", kPush,
     "push ghcr.io/org/project/image:dev\npush backend --archive image.tar"},
    {"build", "Build an image in the cluster", "[CONTEXT] -t IMAGE [flags]",
     "Builds an image with the BuildKit beside the registry, which pushes it there.\n"
     "Needs buildctl and kubectl on PATH. Prints the references for Pods, as -o name\n"
     "does.",
     "build -t ghcr.io/org/project/image:dev .\nbuild -t backend -f backend/Dockerfile backend"},
    {"completion", "Shell completion", "bash|zsh|fish",
     "Prints a script that completes kubectl-localregistry. kubectl itself asks\n"
     "another program for the words after `kubectl localregistry`: on PATH it has to\n"
     "find kubectl_complete-localregistry, a symbolic link to kubectl-localregistry.",
     "completion bash > /etc/bash_completion.d/localregistry\ncompletion fish | source\n"
     "completion zsh > \"${fpath[1]}/_kubectl-localregistry\""},
};

constexpr std::string_view kExitCodes =
    "Exit codes: 0 done; 1 it failed; 2 wrong flags or arguments, or one of several\n"
    "LocalRegistries has to be named; 3 no usable kubeconfig; 4 no such LocalRegistry\n"
    "or image; 5 not ready in time, or no registry runs; 128 and the number of the\n"
    "signal that stopped it; exec: those of its command.\n";

std::string indented(std::string_view lines, std::string_view before) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    text += fmt::format("{}{}\n", before, lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

// Formats "  -n, --namespace NAME       …" and wraps the description.
std::string flag_line(std::string_view left, std::string_view description) {
  std::string line = fmt::format("{:<{}}", left, kColumn);
  if (line.back() != ' ') line += "  ";
  std::string text;
  while (!description.empty()) {
    const std::size_t space = description.find(' ');
    const std::string_view word = description.substr(0, space);
    if (line.size() + word.size() > kColumns) {
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
      line.assign(kColumn, ' ');
    }
    line += fmt::format("{} ", word);
    description.remove_prefix(space == std::string_view::npos ? description.size() : space + 1);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return text + line + "\n";
}

std::string option_line(const CLI::Option& option) {
  std::string left = "  ";
  if (option.get_snames().empty()) {
    left += "    ";
  } else {
    left += "-" + option.get_snames().front() + ", ";
  }
  left += "--" + option.get_lnames().front();
  const std::string type = option.get_type_name();
  if (option.get_items_expected_max() > 0 && !type.empty()) left += " " + type;
  std::string description = option.get_description();
  if (!option.get_default_str().empty()) {
    description += fmt::format(" (default {})", option.get_default_str());
  }
  return flag_line(left, description);
}

std::string options(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional() && !option->get_group().empty() && option != app.get_help_ptr()) {
      text += option_line(*option);
    }
  }
  return text;
}

std::string program_help(const CLI::App& app) {
  std::string text =
      "Works with a LocalRegistry (localregistry.dev): a registry in the cluster that\n"
      "every node pulls from as localhost:<nodePort>.\n\nUsage:\n";
  text += fmt::format("  {} COMMAND [flags]\n\nCommands:\n", kProgram);
  for (const CommandHelp& command : kCommands) {
    text += fmt::format("  {:<12}{}\n", command.name, command.summary);
  }
  text += "\nFlags of every command:\n" + options(app);
  return text + fmt::format("\n`{} COMMAND --help` tells more.\n{}", kProgram, kExitCodes);
}

std::string command_help(const CLI::App& app) {
  const CommandHelp& command = help_of(app.get_name());
  std::string text = fmt::format("{}\n\nUsage:\n  {} {} {}\n\nExamples:\n{}", command.description,
                                 kProgram, command.name, command.usage,
                                 indented(command.examples, fmt::format("  {} ", kProgram)));
  text += indented(command.further, "  ");
  if (const std::string own = options(app); !own.empty()) text += "\nFlags:\n" + own;
  return text + "\nFlags of every command:\n" + options(*app.get_parent());
}

class HelpFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    return app->get_parent() == nullptr ? program_help(*app) : command_help(*app);
  }
};

}  // namespace

const CommandHelp& help_of(std::string_view name) {
  const auto found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                  [&](const CommandHelp& help) { return help.name == name; });
  if (found == std::end(kCommands)) {
    throw std::logic_error(fmt::format("no help for the command {}", name));
  }
  return *found;
}

std::shared_ptr<CLI::FormatterBase> make_help_formatter() {
  return std::make_shared<HelpFormatter>();
}

}  // namespace cli
