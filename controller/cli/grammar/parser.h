// Parser parses the command line of the plugin. Its grammar has the flags of every command and one
// subcommand, with flags, for each entry of a CommandTable. Completion reads the grammar through
// app(). A Parser has one owner and is used on one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/binary.h"
#include "cli/grammar/command.h"
#include "cli/grammar/flags.h"

namespace cli {

// CommandLine is the result of parsing.
struct CommandLine {
  Connection connection;
  std::unique_ptr<Command> command;  // null if `print` is not empty
  std::string print;                 // text of --help or --version; if not empty, no command runs
};

class Parser {
 public:
  // `commands`: in the order of --help.
  Parser(const CommandTable& commands, std::string version);
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Parses `words`, the arguments without the name of the program; may be called once. kUsage: the
  // message names the wrong flag or argument.
  Outcome<CommandLine> parse(std::vector<std::string> words);

  const CLI::App& app() const { return app_; }

  // These functions search the flags of all commands; see the functions of Flags.
  std::vector<std::string> suggestions(const CLI::Option* option) const;
  ValueKind value_kind(const CLI::Option* option) const;

 private:
  using Words = std::vector<std::string>;

  struct Declared {
    Declared(CLI::App& its_app, std::unique_ptr<Command> its_command)
        : app(its_app), flags(its_app), command(std::move(its_command)) {}

    CLI::App& app;
    Flags flags;
    std::unique_ptr<Command> command;
  };

  void declare_connection();
  void declare(const CommandEntry& entry);
  Words take_words_after_dashes(Words& words) const;
  Failure explain(const CLI::ParseError& error);
  Declared* chosen();
  Outcome<> check_connection() const;

  std::string version_;
  CLI::App app_{"", std::string(kBinary)};
  Flags common_{app_};  // the flags of every command
  std::deque<Declared> commands_;
  Connection connection_;
  bool print_version_ = false;
};

}  // namespace cli
