#include "cli/commands/import.h"

#include <ostream>

#include "base/limits.h"
#include "cli/terminal/input.h"
#include "json/format.h"

namespace cli {
namespace {

constexpr CommandHelp kImportHelp = {
    .name = "import",
    .summary = "Convert a devspace.yaml to a LocalRegistry",
    .usage = "FILE|- [flags]",
    .description =
        "Prints a LocalRegistry with the settings of the sections localRegistry and\n"
        "images of a devspace.yaml. The value of a variable is taken from --var, the\n"
        "file, the environment or the variable's default, in this order. Fields that\n"
        "cannot be carried over are listed on standard error. Errors in the file are\n"
        "reported with line and column.",
    .examples =
        "import devspace.yaml | kubectl apply -f -\nimport devspace.yaml --var HOST=ghcr.io",
};

void declare(Flags& flags, ImportCommand& command) {
  flags.add({.names = "FILE", .kind = ValueKind::kFile, .is_required = true}, command.options.file);
  flags.add({.names = "--name",
             .description = "Name of the LocalRegistry (default: the name of the DevSpace project)",
             .type = "NAME"},
            command.options.name);
  flags.add({.names = "--var",
             .description = "Value of ${NAME}, overrides the one in the file; may be repeated",
             .type = "NAME=VALUE"},
            command.options.variables);
  flags.add_choice<Output>({.names = "-o,--output",
                            .description = "Output format: yaml or json (default yaml)",
                            .type = "FORMAT"},
                           command.output, {{"yaml", Output::kYaml}, {"json", Output::kJson}});
}

Outcome<int> run_import(const Invocation& invocation, const ImportCommand& command) {
  ImportCommand complete = command;
  complete.options.namespace_name = invocation.connection.namespace_name;
  complete.options.environment = invocation.environment;
  return run(invocation.console, complete);
}

}  // namespace

Outcome<int> run(Console& console, const ImportCommand& command) {
  const Outcome<std::string> text = read_input(command.options.file, limits::kYamlBytes);
  if (!text) return text.error();
  ImportOptions options = command.options;
  options.file = shown_file(options.file);
  const Outcome<Imported> imported = import_devspace(*text, options);
  if (!imported) return imported.error();
  for (const std::string& note : imported->notes) {
    console.err << "note: " << printable(note) << "\n";
  }
  const auto manifest = json::Document::parse(imported->manifest);
  if (!manifest) return failure_of(manifest.error());
  console.out << print_object(manifest->root(), command.output);
  return 0;
}

CommandEntry import_command() {
  return CommandDefinition<ImportCommand>{
      .help = kImportHelp, .declare = declare, .run = run_import};
}

}  // namespace cli
