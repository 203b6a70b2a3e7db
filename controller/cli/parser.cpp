#include "cli/parser.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/dns_name.h"
#include "base/quote.h"
#include "cli/duration.h"
#include "cli/help.h"
#include "cli/names.h"

namespace cli {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kWaitTimeout = "3m";

Failure usage(std::string message) { return {ExitCode::kUsage, std::move(message)}; }

Output output_of(const std::string& word) {
  if (word == "json") return Output::kJson;
  if (word == "yaml") return Output::kYaml;
  if (word == "name") return Output::kName;
  return Output::kPeople;
}

VariablesFormat format_of(const std::string& word) {
  if (word == "json") return VariablesFormat::kJson;
  if (word == "yaml") return VariablesFormat::kYaml;
  if (word == "env") return VariablesFormat::kEnv;
  if (word == "dotenv") return VariablesFormat::kDotenv;
  return VariablesFormat::kShell;
}

Outcome<std::chrono::milliseconds> duration_of(std::string_view flag, const std::string& word) {
  const auto duration = parse_duration(word);
  if (!duration) return usage(fmt::format("{}: {}", flag, duration.error().message));
  return *duration;
}

Outcome<std::map<std::string, std::string>> assignments(std::string_view flag, const Words& words) {
  std::map<std::string, std::string> result;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return usage(fmt::format("{}: {} is not NAME=VALUE", flag, base::quoted(word)));
    }
    result.insert_or_assign(word.substr(0, equals), word.substr(equals + 1));
  }
  return result;
}

// Converts an error of CLI11 to one line that ends with the --help command to run.
Failure explain_parse_error(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  std::string message = base::reported(error.what());
  const Words extras = app.remaining(true);
  const std::string command = chosen.empty() ? "" : " " + chosen.front()->get_name();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
    const bool is_flag = extras.front().starts_with('-');
    const std::string what = is_flag ? "flag" : chosen.empty() ? "command" : "argument";
    message = fmt::format("unknown {} {}", what, base::shown(extras.front()));
    if (command == " exec" && !is_flag) message += ": put `--` before the command";
  }
  return usage(fmt::format("{}: see `{}{} --help`", message, kProgram, command));
}

}  // namespace

Parser::Parser(std::string version)
    : version_(std::move(version)), app_("", "kubectl-localregistry") {
  app_.formatter(make_help_formatter());
  app_.set_help_flag("-h,--help", "Print this help and exit");
  app_.require_subcommand(0, 1);
  add_connection();
  add_status();
  add_url();
  add_wait();
  add_env();
  add_exec();
  add_import();
  add_rewrite();
  add_check();
  add_push();
  add_build();
  add_completion();
}

CLI::App* Parser::add(std::string_view name) {
  CLI::App* command = app_.add_subcommand(std::string(help_of(name).name));
  command->fallthrough();
  return command;
}

CLI::Option* Parser::set_value_kind(CLI::Option* option, ValueKind value_kind) {
  value_kinds_[option] = value_kind;
  return option;
}

void Parser::add_connection() {
  app_.add_flag("--version", print_version_, "Print the version and exit")->group("");
  set_value_kind(app_.add_option("--kubeconfig", connection_.kubeconfig,
                                 "Kubeconfig (default $KUBECONFIG or ~/.kube/config)")
                     ->type_name("FILE"),
                 ValueKind::kFile);
  set_value_kind(app_.add_option("--context", connection_.context,
                                 "Context of the kubeconfig (default the current one)")
                     ->type_name("NAME"),
                 ValueKind::kContext);
  set_value_kind(app_.add_option("-n,--namespace", connection_.namespace_name,
                                 "Namespace to use (default that of the context)")
                     ->type_name("NAME"),
                 ValueKind::kNamespace);
  app_.add_option("--request-timeout", request_timeout_,
                  "Timeout of one API request, 0: none (default 30s)")
      ->type_name("TIME");
}

CLI::Option* Parser::add_registry(CLI::App* command, std::string& registry) {
  return set_value_kind(
      command
          ->add_option("--registry", registry, "LocalRegistry to use, if the namespace has several")
          ->type_name("NAME"),
      ValueKind::kRegistry);
}

CLI::Option* Parser::add_name(CLI::App* command, std::string& registry) {
  CLI::Option* flag = add_registry(command, registry);
  CLI::Option* name = set_value_kind(command->add_option("NAME", registry), ValueKind::kRegistry);
  flag->excludes(name);
  return name;
}

CLI::Option* Parser::add_choice(CLI::App* command, const char* flags, std::string& word,
                                const Words& words, const std::string& description) {
  const auto check = [words](const std::string& value) {
    if (std::find(words.begin(), words.end(), value) != words.end()) return std::string();
    return fmt::format("{} is not one of {}", base::quoted(value), fmt::join(words, ", "));
  };
  CLI::Option* option =
      command->add_option(flags, word, description)->check(check, "")->type_name("FORMAT");
  choices_[option] = words;
  return option;
}

void Parser::add_output(CLI::App* command, const char* usual) {
  add_choice(command, "-o,--output", output_, {"json", "yaml", "name"},
             fmt::format("Print json, yaml or name instead of {}", usual));
}

// Adds a flag that may be repeated, each time with one value.
CLI::Option* Parser::add_several(CLI::App* command, const char* flags, Words& words,
                                 const char* description, const char* type) {
  return command->add_option(flags, words, description)->allow_extra_args(false)->type_name(type);
}

void Parser::add_status() {
  CLI::App* command = add("status");
  add_name(command, status_.registry);
  add_output(command, "text");
}

void Parser::add_url() {
  CLI::App* command = add("url");
  add_name(command, url_.registry);
  command->add_flag("--in-cluster", url_.in_cluster,
                    "Print the address of the Service, for use inside Pods");
  add_output(command, "text");
}

void Parser::add_wait() {
  CLI::App* command = add("wait");
  add_name(command, wait_.registry);
  command->add_option("--for", condition_, "Condition to wait for (default Ready)")
      ->type_name("CONDITION");
  command
      ->add_option("--timeout", timeout_,
                   fmt::format("How long to wait, 0 to check once (default {})", kWaitTimeout))
      ->type_name("TIME");
  add_output(command, "text");
}

void Parser::add_env() {
  CLI::App* command = add("env");
  add_name(command, env_.registry);
  set_value_kind(
      command->add_option("--image", env_.image, "Only the variables of this image of spec.images")
          ->type_name("NAME"),
      ValueKind::kImage);
  add_choice(command, "-o,--output", output_, {"shell", "env", "dotenv", "json", "yaml"},
             "Output format: shell, env, dotenv, json or yaml (default shell)");
}

void Parser::add_exec() {
  CLI::App* command = add("exec");
  add_registry(command, exec_.registry);
  set_value_kind(
      command->add_option("--image", exec_.image, "Run only for this image of spec.images")
          ->type_name("NAME"),
      ValueKind::kImage);
}

void Parser::add_import() {
  CLI::App* command = add("import");
  set_value_kind(command->add_option("FILE", import_.options.file)->required(), ValueKind::kFile);
  command
      ->add_option("--name", import_.options.name,
                   "Name of the LocalRegistry (default that of the DevSpace project)")
      ->type_name("NAME");
  add_several(command, "--var", variables_,
              "Value of ${NAME}, overrides the one in the file; may be repeated", "NAME=VALUE");
  add_choice(command, "-o,--output", output_, {"yaml", "json"},
             "Output format: yaml or json (default yaml)");
}

void Parser::add_rewrite() {
  CLI::App* command = add("rewrite");
  set_value_kind(command
                     ->add_option("-f,--filename", rewrite_.file,
                                  "Input file, or - for standard input (default -)")
                     ->type_name("FILE"),
                 ValueKind::kFile);
  add_registry(command, rewrite_.registry);
  add_several(command, "--image", rewrite_.images,
              "Repository to rewrite, instead of the images of a LocalRegistry; may be repeated",
              "REPO");
  command
      ->add_option("--registry-url", rewrite_.registry_url,
                   "Address of the registry; required with --image")
      ->type_name("HOST:PORT");
}

void Parser::add_check() {
  CLI::App* command = add("check");
  set_value_kind(command->add_option("IMAGE", check_.images), ValueKind::kReference);
  add_registry(command, check_.registry);
  add_several(
      command, "--insecure-registry", check_.insecure_registries,
      "HOST[:PORT] or network for which plain HTTP and unverified TLS are allowed; may be repeated",
      "HOST");
  set_value_kind(command
                     ->add_option("--ca-file", check_.ca_file,
                                  "PEM file with CAs to trust in addition to the system's")
                     ->type_name("FILE"),
                 ValueKind::kFile);
  add_output(command, "a table");
}

void Parser::add_push() {
  CLI::App* command = add("push");
  set_value_kind(command->add_option("IMAGE", push_.images)->required(), ValueKind::kReference);
  add_registry(command, push_.registry);
  set_value_kind(
      command
          ->add_option("--archive", push_.archive,
                       "Read the image from this tar file (`docker save` or OCI archive) instead "
                       "of the daemon")
          ->type_name("FILE"),
      ValueKind::kFile);
  set_value_kind(
      command
          ->add_option("--layout", push_.layout,
                       "Read the image from this OCI layout folder instead of the daemon")
          ->type_name("FOLDER"),
      ValueKind::kFolder);
  add_choice(command, "--via", via_, {"auto", "node", "api-server"},
             "How to reach the registry: node (localhost:<nodePort>), api-server (kubectl "
             "port-forward) or auto (default auto)")
      ->type_name("WAY");
  command
      ->add_option("--kind-cluster", push_.kind_cluster,
                   "Name of the KinD cluster (default that of the context)")
      ->type_name("NAME");
  add_output(command, "references");
}

void Parser::add_build() {
  CLI::App* command = add("build");
  set_value_kind(command->add_option("CONTEXT", build_.context), ValueKind::kFolder);
  set_value_kind(
      add_several(command, "-t,--tag", build_.tags,
                  "Image to build, or name of an image of spec.images; may be repeated", "IMAGE")
          ->required(),
      ValueKind::kReference);
  set_value_kind(
      command->add_option("-f,--file", build_.file, "Dockerfile (default CONTEXT/Dockerfile)")
          ->type_name("FILE"),
      ValueKind::kFile);
  add_registry(command, build_.registry);
  add_several(command, "--build-arg", build_.build_args,
              "Build argument of the Dockerfile; may be repeated", "NAME=VALUE");
  command->add_option("--target", build_.target, "Stage of the Dockerfile to build")
      ->type_name("STAGE");
  add_several(command, "--platform", build_.platforms, "Platform to build for; may be repeated",
              "OS/ARCH");
  add_several(command, "--secret", build_.secrets,
              "Secret for the build, as id=ID,src=FILE; may be repeated", "SPEC");
  add_several(command, "--ssh", build_.ssh,
              "SSH agent for the build: default, or ID=SOCKET; may be repeated", "SPEC");
  command->add_flag("--no-cache", build_.no_cache,
                    "Build every step again, without the build cache");
  command->add_option("--progress", build_.progress, "Progress output: auto, plain, tty or rawjson")
      ->type_name("KIND");
  add_output(command, "references");
}

void Parser::add_completion() {
  CLI::App* command = add("completion");
  set_value_kind(command->add_option("SHELL", shell_)->required(), ValueKind::kShell);
}

std::vector<std::string> Parser::choices(const CLI::Option* option) const {
  const auto found = choices_.find(option);
  return found == choices_.end() ? Words() : found->second;
}

ValueKind Parser::value_kind(const CLI::Option* option) const {
  const auto found = value_kinds_.find(option);
  return found == value_kinds_.end() ? ValueKind::kNone : found->second;
}

Outcome<Command> Parser::read_completion(const std::string& shell) {
  const auto parsed = parse_shell(shell);
  if (!parsed)
    return usage(fmt::format("{} is not one of bash, zsh and fish", base::quoted(shell)));
  return CompletionCommand{*parsed};
}

Outcome<Command> Parser::read_wait() {
  const auto timeout = duration_of("--timeout", timeout_.empty() ? kWaitTimeout : timeout_);
  if (!timeout) return timeout.error();
  wait_.timeout = *timeout;
  constexpr std::string_view kPrefix = "condition=";
  if (condition_.starts_with(kPrefix)) condition_.erase(0, kPrefix.size());
  if (!condition_.empty()) wait_.condition = condition_;
  return wait_;
}

Outcome<Command> Parser::read_exec(const Words& tail) {
  exec_.command = tail;
  if (!tail.empty()) return exec_;
  return usage(fmt::format("exec: no command: write `{} exec -- COMMAND`", kProgram));
}

Outcome<Command> Parser::read_import() {
  auto variables = assignments("--var", variables_);
  if (!variables) return variables.error();
  import_.options.variables = *std::move(variables);
  import_.options.namespace_name = connection_.namespace_name;
  import_.output = output_ == "json" ? Output::kJson : Output::kYaml;
  return import_;
}

Outcome<Command> Parser::read_rewrite() {
  if (rewrite_.images.empty() == rewrite_.registry_url.empty()) return rewrite_;
  return usage(
      "--image and --registry-url must be given together; give neither to use the LocalRegistry in "
      "the cluster");
}

Outcome<Command> Parser::read_check() {
  if (const auto parsed = registry::InsecureRegistries::parse(check_.insecure_registries);
      !parsed) {
    return usage(fmt::format("--insecure-registry: {}", parsed.error().message));
  }
  check_.output = output_of(output_);
  return check_;
}

Outcome<Command> Parser::read_push() {
  if (!push_.archive.empty() && !push_.layout.empty()) {
    return usage("--archive and --layout cannot be combined: give one of them");
  }
  push_.via = via_ == "node" ? Via::kNode : via_ == "api-server" ? Via::kApiServer : Via::kAuto;
  push_.output = output_of(output_);
  return push_;
}

// Returns the chosen command. `tail`: the words after "--".
Outcome<Command> Parser::chosen(const Words& tail) {
  for (std::string* registry :
       {&status_.registry, &url_.registry, &wait_.registry, &env_.registry, &exec_.registry,
        &rewrite_.registry, &check_.registry, &push_.registry, &build_.registry}) {
    *registry = resource_name(*registry);
  }
  for (Output* output : {&status_.output, &url_.output, &wait_.output, &build_.output}) {
    *output = output_of(output_);
  }
  env_.format = format_of(output_);
  const std::string name = app_.get_subcommands().front()->get_name();
  if (name == "status") return status_;
  if (name == "url") return url_;
  if (name == "wait") return read_wait();
  if (name == "env") return env_;
  if (name == "exec") return read_exec(tail);
  if (name == "import") return read_import();
  if (name == "rewrite") return read_rewrite();
  if (name == "check") return read_check();
  if (name == "push") return read_push();
  if (name == "build") return build_;
  return read_completion(shell_);
}

Outcome<CommandLine> Parser::parse(Words words) {
  Words tail;
  // The words after -- are the command of exec, even if they look like flags.
  const auto marker = std::find(words.begin(), words.end(), "--");
  const bool has_command =
      marker != words.end() && std::find(words.begin(), marker, "exec") != marker;
  if (has_command) {
    tail.assign(marker + 1, words.end());
    words.erase(marker, words.end());
  }
  std::reverse(words.begin(), words.end());  // the order that CLI11 requires
  CommandLine line;
  try {
    app_.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    line.print = app_.help();
    return line;
  } catch (const CLI::ParseError& error) {
    return explain_parse_error(app_, error);
  }
  if (print_version_) {
    line.print = fmt::format("kubectl-localregistry {}\n", version_);
    return line;
  }
  if (app_.get_subcommands().empty()) {
    line.print = app_.help();
    return line;
  }
  if (!request_timeout_.empty()) {
    const auto timeout = duration_of("--request-timeout", request_timeout_);
    if (!timeout) return timeout.error();
    connection_.request_timeout = timeout->count() == 0 ? limits::kDurationMost : *timeout;
  }
  const std::string& namespace_name = connection_.namespace_name;
  if (!namespace_name.empty() && !base::is_dns_label(namespace_name)) {
    return usage(
        fmt::format("--namespace: {} is not the name of a namespace: use lower case "
                    "letters, digits and -, such as team-a",
                    base::quoted(namespace_name)));
  }
  auto command = chosen(tail);
  if (!command) return command.error();
  line.connection = connection_;
  line.command = *std::move(command);
  return line;
}

Outcome<CommandLine> parse_command_line(const Words& words, const std::string& version) {
  if (!words.empty() && words.front() == kCompleteWord) {
    CommandLine line;
    line.command = CompleteCommand{{words.begin() + 1, words.end()}};
    return line;
  }
  return Parser(version).parse(words);
}

}  // namespace cli
