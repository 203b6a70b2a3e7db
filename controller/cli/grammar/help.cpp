#include "cli/grammar/help.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <stdexcept>
#include <utility>

namespace cli {
namespace {

constexpr std::size_t kColumn = 29;   // column at which descriptions begin
constexpr std::size_t kColumns = 80;  // width of a terminal

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

std::string program_help(const std::vector<CommandHelp>& commands, const CLI::App& app) {
  std::string text =
      "Works with LocalRegistry resources (localregistry.dev). A LocalRegistry is a\n"
      "container registry in the cluster that every node pulls from as\n"
      "localhost:<nodePort>.\n\nUsage:\n";
  text += fmt::format("  {} COMMAND [flags]\n\nCommands:\n", kProgram);
  for (const CommandHelp& command : commands) {
    text += fmt::format("  {:<12}{}\n", command.name, command.summary);
  }
  text += "\nFlags of every command:\n" + options(app);
  return text + fmt::format("\n`{} COMMAND --help` shows the details of a command.\n{}", kProgram,
                            kExitCodes);
}

std::string command_help(const CommandHelp& command, const CLI::App& app) {
  std::string text = fmt::format("{}\n\nUsage:\n  {} {} {}\n\nExamples:\n{}", command.description,
                                 kProgram, command.name, command.usage,
                                 indented(command.examples, fmt::format("  {} ", kProgram)));
  text += indented(command.further, "  ");
  if (const std::string own = options(app); !own.empty()) text += "\nFlags:\n" + own;
  return text + "\nFlags of every command:\n" + options(*app.get_parent());
}

class HelpFormatter final : public CLI::FormatterBase {
 public:
  explicit HelpFormatter(std::vector<CommandHelp> commands) : commands_(std::move(commands)) {}

  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    if (app->get_parent() == nullptr) return program_help(commands_, *app);
    const auto found =
        std::find_if(commands_.begin(), commands_.end(),
                     [&](const CommandHelp& help) { return help.name == app->get_name(); });
    if (found == commands_.end()) {
      throw std::logic_error(fmt::format("no help for the command {}", app->get_name()));
    }
    return command_help(*found, *app);
  }

 private:
  std::vector<CommandHelp> commands_;
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> make_help_formatter(std::vector<CommandHelp> commands) {
  return std::make_shared<HelpFormatter>(std::move(commands));
}

}  // namespace cli
