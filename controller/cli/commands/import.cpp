#include "cli/commands/import.h"

#include <fmt/core.h>

#include <ostream>

#include "base/limits.h"
#include "cli/rewriting/rewrite.h"
#include "cli/terminal/input.h"
#include "json/format.h"

namespace cli {

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

}  // namespace cli
