// The words of --help: at most 40 lines of 80 columns for each command. Pure; any thread.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace cli {

inline constexpr std::string_view kProgram = "kubectl localregistry";

struct CommandHelp {
  std::string_view name;
  std::string_view summary;       // one line, for the list of commands
  std::string_view usage;         // what follows the name
  std::string_view description;   // what --help begins with
  std::string_view examples;      // without the name of the program; one a line
  std::string_view further = {};  // examples of other programs
};

// By the name of the subcommand, which is one.
const CommandHelp& help_of(std::string_view name);

// What --help of the program and of a subcommand prints.
std::shared_ptr<CLI::FormatterBase> make_help_formatter();

}  // namespace cli
