// This file makes the texts of --help: at most 40 lines of 80 columns per command. Pure; any
// thread.
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
  std::string_view usage;         // arguments after the name
  std::string_view description;   // text at the top of --help
  std::string_view examples;      // one per line, without the name of the program
  std::string_view further = {};  // more examples, as complete command lines
};

// Returns the help of a subcommand. Throws std::logic_error for an unknown name.
const CommandHelp& help_of(std::string_view name);

// Makes the formatter for --help of the program and of its subcommands.
std::shared_ptr<CLI::FormatterBase> make_help_formatter();

}  // namespace cli
