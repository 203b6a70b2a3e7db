// This file makes the texts of --help: at most 40 lines of 80 columns per command. The function is
// pure and can be called on any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class FormatterBase;
}  // namespace CLI

namespace cli {

inline constexpr std::string_view kProgram = "kubectl localregistry";

// CommandHelp holds the texts that --help and completion show for one command. Its members refer to
// constants.
struct CommandHelp {
  std::string_view name;
  std::string_view summary;       // one line, for the list of commands
  std::string_view usage;         // arguments after the name
  std::string_view description;   // text at the top of --help
  std::string_view examples;      // one per line, without the name of the program
  std::string_view further = {};  // more examples, as complete command lines
};

// Makes the formatter for --help of the program and of its subcommands. --help lists the commands
// in the order of `commands`.
std::shared_ptr<CLI::FormatterBase> make_help_formatter(std::vector<CommandHelp> commands);

}  // namespace cli
