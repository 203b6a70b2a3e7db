#include "cli/grammar/help.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

namespace cli {
namespace {

constexpr std::size_t kColumn = 29;   // column at which descriptions begin
constexpr std::size_t kColumns = 80;  // width of a terminal

// The long descriptions are defined here, so that the table below stays readable.
constexpr std::string_view kEnv =
    "Prints the variables that DevSpace sets for images, for every image IMAGE in\n"
    "spec.images of the LocalRegistry: runtime.images.IMAGE (image:tag),\n"
    "runtime.images.IMAGE.image, runtime.images.IMAGE.tag, and the variables of\n"
    "hooks: DEVSPACE_HOOK_IMAGE_NAME, _CONFIG_NAME, _TAGS and _CONFIG. Formats:\n"
    "  shell   lines export NAME='value', for eval \"$(…)\". The name of a shell\n"
    "          variable cannot have dots, so runtime.images.* are comments.\n"
    "  env     words NAME=value, for env $(…) COMMAND; includes runtime.images.*\n"
    "  dotenv  lines NAME=value for a .env file, quoted where necessary\n"
    "  json    {\"variables\": {…}, \"hooks\": [{…}, …]}, with one hook for each image\n"
    "  yaml    the same as json, in YAML";

constexpr std::string_view kRewrite =
    "Prints manifests, Helm values, a Compose file or a devspace.yaml with its image\n"
    "references rewritten to the local registry, so that nodes pull the images from\n"
    "there. All other text is printed unchanged. The file itself is not changed.\n"
    "\n"
    "Only images that the local registry delivers are rewritten: those of spec.images\n"
    "with delivery LocalRegistry, or those of --image. A reference with a registry,\n"
    "tag or digest is rewritten under any key. A path alone (org/app) is rewritten\n"
    "only under a key that names an image, such as image. The keys registry and\n"
    "repository of one mapping are rewritten together. A value that looks like one of\n"
    "these images but is not rewritten causes a warning on standard error.\n"
    "\n"
    "To use it as a Helm post-renderer, give Helm 3 this program, and give Helm 4 the\n"
    "name of a plugin (deploy/helm-plugin). Helm 3 does not post-render hooks. Helm 4\n"
    "does not show the warnings.";

constexpr std::string_view kCheck =
    "Asks the registry of each image whether you may push the image there. Nothing is\n"
    "pushed. Without IMAGE, the images of spec.images of the LocalRegistry are\n"
    "checked. -o name prints only the images that you may push. Exit code 1 if an\n"
    "image may not be pushed, or if the registry gives no clear answer.\n"
    "\n"
    "Your credentials are read as docker push reads them: from $DOCKER_AUTH_CONFIG,\n"
    "or else from the first of these files that has credentials for the registry:\n"
    "$REGISTRY_AUTH_FILE, config.json in $DOCKER_CONFIG or ~/.docker,\n"
    "containers/auth.json in $XDG_RUNTIME_DIR or ~/.config. Credential helpers that\n"
    "such a file names are run.";

constexpr std::string_view kPush =
    "Pushes images to the local registry. On a KinD cluster it runs kind load. IMAGE\n"
    "is an image reference, or the name of an image in spec.images: then each of its\n"
    "tags is pushed. The images are read from a Docker-compatible daemon\n"
    "($DOCKER_HOST, the Docker context, or the socket of Docker, rootless Docker or\n"
    "podman), or from --archive or --layout. Blobs that the registry already has are\n"
    "not sent again, so an interrupted push can be repeated. Prints the image\n"
    "references to use in Pods, as does -o name.";

constexpr CommandHelp kCommands[] = {
    {"status", "Show the state, address and images of a LocalRegistry", "[NAME] [flags]",
     "Shows a LocalRegistry: whether it is ready, its address, its conditions, and for\n"
     "each image of spec.images where it is delivered from and why. -o json and -o\n"
     "yaml print the resource itself. The exit code is 0 even if the LocalRegistry is\n"
     "not ready; use the command wait to test that.",
     "status\nstatus dev -n team-a -o yaml"},
    {"url", "Print the address of the local registry", "[NAME] [flags]",
     "Prints the address of the local registry as image references name it, such as\n"
     "localhost:31234: every node pulls from localhost:<nodePort>. With --in-cluster\n"
     "it prints the address of the Service instead, which programs inside Pods use,\n"
     "such as registry.team-a.svc:5000. -o name prints the name of the LocalRegistry.\n"
     "Exit code 5 if no registry runs.",
     "url\nurl dev --in-cluster"},
    {"wait", "Wait until a LocalRegistry is ready", "[NAME] [flags]",
     "Waits until a condition of a LocalRegistry is True for the current spec.\n"
     "Standard error shows what it waits for. -o json and -o yaml print the resource\n"
     "afterwards. Exit code 5 if the condition is not True after the timeout.",
     "wait\nwait dev --timeout 5m\nwait dev --for BuildKitReady"},
    {"env", "Print the image variables that DevSpace sets", "[NAME] [flags]", kEnv,
     "env --image backend\nenv -o dotenv > .env"},
    {"exec", "Run a command with the image variables that DevSpace sets",
     "[flags] -- COMMAND [ARGUMENT...]",
     "Runs a command once for each image in spec.images of the LocalRegistry, as\n"
     "DevSpace runs a hook. Each run has the environment variables\n"
     "DEVSPACE_HOOK_IMAGE_* of its image and runtime.images.* of all images; see the\n"
     "command env. The first run that fails ends it. Signals are passed to the\n"
     "command. The exit code is that of the command; 128 plus the number of the signal\n"
     "that ended the command; 127 if the command does not exist; 126 if it cannot be\n"
     "run.",
     "exec -- ./deploy.sh\nexec --image backend -- env"},
    {"import", "Convert a devspace.yaml to a LocalRegistry", "FILE|- [flags]",
     "Prints a LocalRegistry with the settings of the sections localRegistry and\n"
     "images of a devspace.yaml. The value of a variable is taken from --var, the\n"
     "file, the environment or the variable's default, in this order. Fields that\n"
     "cannot be carried over are listed on standard error. Errors in the file are\n"
     "reported with line and column.",
     "import devspace.yaml | kubectl apply -f -\nimport devspace.yaml --var HOST=ghcr.io"},
    {"rewrite", "Rewrite image references in manifests to the local registry", "-f FILE|- [flags]",
     kRewrite, "rewrite -f deployment.yaml | kubectl apply -f -",
     "kubectl localregistry rewrite -f - --image ghcr.io/org/app \\\n"
     "  --registry-url localhost:31234\n"
     "helm install app ./chart --post-renderer kubectl-localregistry \\\n"
     "  --post-renderer-args rewrite                           # Helm 3\n"
     "helm plugin install deploy/helm-plugin\n"
     "helm install app ./chart --post-renderer localregistry   # Helm 4"},
    {"check", "Check whether you may push images to their own registries", "[IMAGE...] [flags]",
     kCheck, "check ghcr.io/org/project/image\ncheck -o json"},
    {"push", "Push images to the local registry, or load them into KinD", "IMAGE... [flags]", kPush,
     "push ghcr.io/org/project/image:dev\npush backend --archive image.tar"},
    {"build", "Build an image in the cluster", "[CONTEXT] -t IMAGE [flags]",
     "Builds an image with the BuildKit sidecar of the local registry and pushes it to\n"
     "that registry. Needs buildctl and kubectl on PATH. Prints the image references\n"
     "to use in Pods, as does -o name.",
     "build -t ghcr.io/org/project/image:dev .\nbuild -t backend -f backend/Dockerfile backend"},
    {"completion", "Print a shell completion script", "bash|zsh|fish",
     "Prints a script that completes the command kubectl-localregistry in a shell. To\n"
     "complete `kubectl localregistry` as well, create a symbolic link to\n"
     "kubectl-localregistry with the name kubectl_complete-localregistry in a folder\n"
     "on PATH.",
     "completion bash > /etc/bash_completion.d/localregistry\ncompletion fish | source\n"
     "completion zsh > \"${fpath[1]}/_kubectl-localregistry\""},
};

constexpr std::string_view kExitCodes =
    "Exit codes: 0 success; 1 failure; 2 wrong flags or arguments, or the namespace\n"
    "has several LocalRegistries and none was named; 3 no usable kubeconfig; 4 no\n"
    "such LocalRegistry or image; 5 not ready in time, or no registry runs; 128 plus\n"
    "the number of the signal that stopped it. exec: the exit code of its command.\n";

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
      "Works with LocalRegistry resources (localregistry.dev). A LocalRegistry is a\n"
      "container registry in the cluster that every node pulls from as\n"
      "localhost:<nodePort>.\n\nUsage:\n";
  text += fmt::format("  {} COMMAND [flags]\n\nCommands:\n", kProgram);
  for (const CommandHelp& command : kCommands) {
    text += fmt::format("  {:<12}{}\n", command.name, command.summary);
  }
  text += "\nFlags of every command:\n" + options(app);
  return text + fmt::format("\n`{} COMMAND --help` shows the details of a command.\n{}", kProgram,
                            kExitCodes);
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
