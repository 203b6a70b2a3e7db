#include "cli/commands/check.h"

#include <fmt/core.h>

#include <algorithm>
#include <ostream>

#include "cli/binary.h"
#include "cli/cluster/names.h"
#include "cli/cluster/registries.h"
#include "cli/docker/credentials.h"
#include "cli/grammar/in_cluster.h"
#include "cli/terminal/loop.h"
#include "json/writer.h"
#include "net/file.h"

namespace cli {
namespace {

namespace asio = boost::asio;

// Docker treats registries on the local machine as insecure registries by default.
constexpr std::string_view kOwnMachine[] = {"localhost", "127.0.0.0/8", "::1/128"};

bool is_granted(const Checked& one) { return one.answer.answer == registry::Answer::kGranted; }

std::string encode(const std::vector<Checked>& checked) {
  json::Writer writer;
  writer.begin_array();
  for (const Checked& one : checked) {
    writer.begin_object();
    writer.key("image");
    writer.string(one.image);
    writer.key("pushPermission");
    writer.string(api::name(registry::permission_of(one.answer.answer)));
    writer.key("message");
    writer.string(one.answer.message);
    writer.end_object();
  }
  writer.end_array();
  return writer.take();
}

registry::CheckOptions options_of(const CheckCommand& command,
                                  const base::EnvironmentVariables& environment,
                                  const std::vector<api::ImageReference>& references) {
  registry::CheckOptions options;
  options.insecure_registries = command.insecure_registries;
  options.insecure_registries.insert(options.insecure_registries.end(), std::begin(kOwnMachine),
                                     std::end(kOwnMachine));
  for (const api::ImageReference& reference : references) {
    if (reference.domain.starts_with("localhost:")) {
      options.insecure_registries.push_back(reference.domain);
    }
  }
  options.ca_file = command.ca_file;
  options.guard_addresses = false;  // the user chooses which registries are asked
  options.environment = environment;
  options.user_agent = kBinary;
  return options;
}

constexpr CommandHelp kCheckHelp = {
    .name = "check",
    .summary = "Check whether you may push images to their own registries",
    .usage = "[IMAGE...] [flags]",
    .description =
        "Asks the registry of each image whether you may push the image there. Nothing is\n"
        "pushed. Without IMAGE, the images of spec.images of the LocalRegistry are\n"
        "checked. -o name prints only the images that you may push. Exit code 1 if an\n"
        "image may not be pushed, or if the registry gives no clear answer.\n"
        "\n"
        "Your credentials are read as docker push reads them: from $DOCKER_AUTH_CONFIG,\n"
        "or else from the first of these files that has credentials for the registry:\n"
        "$REGISTRY_AUTH_FILE, config.json in $DOCKER_CONFIG or ~/.docker,\n"
        "containers/auth.json in $XDG_RUNTIME_DIR or ~/.config. Credential helpers that\n"
        "such a file names are run.",
    .examples = "check ghcr.io/org/project/image\ncheck -o json",
};

void declare(Flags& flags, CheckCommand& command) {
  flags.add({.names = "IMAGE", .kind = ValueKind::kReference}, command.images);
  flags.add_registry(command.registry);
  flags.add({.names = "--insecure-registry",
             .description = "HOST[:PORT] or network for which plain HTTP and unverified TLS are "
                            "allowed; may be repeated",
             .type = "HOST"},
            command.insecure_registries);
  flags.add({.names = "--ca-file",
             .description = "PEM file with CAs to trust in addition to the system's",
             .type = "FILE",
             .kind = ValueKind::kFile},
            command.ca_file);
  flags.add_output(command.output, "a table");
}

Outcome<> check_flags(const CheckCommand& command) {
  const auto parsed = registry::InsecureRegistries::parse(command.insecure_registries);
  if (parsed) return {};
  return usage_failure(fmt::format("--insecure-registry: {}", parsed.error().message));
}

Outcome<int> run_check(const Invocation& invocation, const CheckCommand& command) {
  CheckCommand complete = command;
  if (complete.images.empty()) {
    auto images = ask_cluster(invocation, [&](const ClusterSession& session) {
      return declared_images(session, command.registry);
    });
    if (!images) return images.error();
    complete.images = *std::move(images);
  }
  Loop loop;
  base::SystemClock clock;
  return loop.run(
      run(loop.executor(), clock, invocation.environment, invocation.console, complete));
}

}  // namespace

std::string print(const std::vector<Checked>& checked, Output output) {
  if (output == Output::kJson || output == Output::kYaml)
    return print_text(encode(checked), output);
  if (output == Output::kName) {
    std::string names;
    for (const Checked& one : checked) {
      if (is_granted(one)) names += fmt::format("{}\n", one.image);
    }
    return names;
  }
  std::vector<std::vector<std::string>> rows = {{"IMAGE", "PUSH", "MESSAGE"}};
  for (const Checked& one : checked) {
    rows.push_back({one.image, std::string(api::name(registry::permission_of(one.answer.answer))),
                    one.answer.message});
  }
  return table(rows);
}

asio::awaitable<Outcome<std::vector<std::string>>> declared_images(const ClusterSession& session,
                                                                   std::string registry) {
  auto finding = find_registry(session, registry);
  const Outcome<api::LocalRegistry> found = co_await std::move(finding);
  if (!found) co_return found.error();
  std::vector<std::string> images;
  for (const api::ImageSpec& image : found->spec.images) images.push_back(image.image);
  if (!images.empty()) co_return images;
  co_return Failure{
      ExitCode::kNotFound,
      fmt::format("LocalRegistry {} declares no images: give the images to check as arguments",
                  found->metadata.name)};
}

asio::awaitable<Outcome<int>> run(asio::any_io_executor executor, base::Clock& clock,
                                  const base::EnvironmentVariables& environment, Console& console,
                                  CheckCommand command) {
  std::vector<api::ImageReference> references;
  for (const std::string& image : command.images) {
    const auto reference = parse_reference(image);
    if (!reference) co_return reference.error();
    references.push_back(*reference);
  }
  if (const auto checked = check_flags(command); !checked) co_return checked.error();
  if (!command.ca_file.empty()) {
    const auto file = net::read_credential_file(command.ca_file);
    if (!file) {
      co_return Failure{ExitCode::kUsage, fmt::format("--ca-file: {}", file.error().message)};
    }
  }
  const DockerCredentials credentials(environment);
  if (!credentials.warning().empty()) {
    console.err << "warning: " << printable(credentials.warning()) << "\n";
  }
  registry::PushChecker checker(executor, clock, options_of(command, environment, references));
  std::vector<Checked> checked;
  for (std::size_t i = 0; i < references.size(); ++i) {
    Checked one{command.images[i], {}};
    auto finding = credentials.find(executor, references[i]);
    auto found = co_await std::move(finding);
    if (found) {
      auto checking = checker.check(references[i], *std::move(found));
      one.answer = co_await std::move(checking);
    } else {
      one.answer.message = found.error().message;
    }
    checked.push_back(std::move(one));
  }
  console.out << print(checked, command.output);
  const bool all_granted = std::all_of(checked.begin(), checked.end(), is_granted);
  co_return static_cast<int>(all_granted ? ExitCode::kOk : ExitCode::kFailure);
}

CommandEntry check_command() {
  return CommandDefinition<CheckCommand>{
      .help = kCheckHelp, .declare = declare, .run = run_check, .check = check_flags};
}

}  // namespace cli
