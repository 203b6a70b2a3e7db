#include "cli/commands/env.h"

#include <ostream>

#include "cli/cluster/registries.h"
#include "cli/grammar/in_cluster.h"

namespace cli {
namespace {

constexpr CommandHelp kEnvHelp = {
    .name = "env",
    .summary = "Print the image variables that DevSpace sets",
    .usage = "[NAME] [flags]",
    .description =
        "Prints the variables that DevSpace sets for images, for every image IMAGE in\n"
        "spec.images of the LocalRegistry: runtime.images.IMAGE (image:tag),\n"
        "runtime.images.IMAGE.image, runtime.images.IMAGE.tag, and the variables of\n"
        "hooks: DEVSPACE_HOOK_IMAGE_NAME, _CONFIG_NAME, _TAGS and _CONFIG. Formats:\n"
        "  shell   lines export NAME='value', for eval \"$(…)\". The name of a shell\n"
        "          variable cannot have dots, so runtime.images.* are comments.\n"
        "  env     words NAME=value, for env $(…) COMMAND; includes runtime.images.*\n"
        "  dotenv  lines NAME=value for a .env file, quoted where necessary\n"
        "  json    {\"variables\": {…}, \"hooks\": [{…}, …]}, with one hook for each image\n"
        "  yaml    the same as json, in YAML",
    .examples = "env --image backend\nenv -o dotenv > .env",
};

void declare(Flags& flags, EnvCommand& command) {
  flags.add_name(command.registry);
  flags.add({.names = "--image",
             .description = "Only the variables of this image of spec.images",
             .type = "NAME",
             .kind = ValueKind::kImage},
            command.image);
  using Format = VariablesFormat;
  flags.add_choice<Format>(
      {.names = "-o,--output",
       .description = "Output format: shell, env, dotenv, json or yaml (default shell)",
       .type = "FORMAT"},
      command.format,
      {{"shell", Format::kShell},
       {"env", Format::kEnv},
       {"dotenv", Format::kDotenv},
       {"json", Format::kJson},
       {"yaml", Format::kYaml}});
}

}  // namespace

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

CommandEntry env_command() {
  return CommandDefinition<EnvCommand>{.help = kEnvHelp, .declare = declare, .run = run_in_cluster};
}

}  // namespace cli
