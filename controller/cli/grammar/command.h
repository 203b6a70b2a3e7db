// Command is one command of the plugin: its flags, and what it does with them. Each file of
// commands/ defines its commands as CommandDefinitions; the table of cli/command_table.h lists
// them. A Command has one owner and is used on one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "cli/cluster/connection.h"
#include "cli/grammar/flags.h"
#include "cli/grammar/help.h"
#include "cli/terminal/outcome.h"
#include "cli/terminal/output.h"

namespace cli {

// Invocation is what a command gets besides the values of its flags. All references must outlive
// the run.
struct Invocation {
  const std::string& version;
  const base::EnvironmentVariables& environment;
  Console& console;
  Connection connection;
};

class Command {
 public:
  Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;

  // Adds the command's flags and arguments to `flags`. The parser writes their values into this
  // object, which must therefore outlive `flags`.
  virtual void declare(Flags& flags) = 0;

  // Checks whether the values fit together; called after the whole command line is parsed. kUsage:
  // the message names the wrong flag or argument.
  virtual Outcome<> check() const = 0;

  // Runs the command and returns the exit code. Blocks.
  virtual Outcome<int> run(const Invocation& invocation) const = 0;
};

// CommandDefinition defines a command. T is a plain struct that holds the values of the flags.
template <class T>
struct CommandDefinition {
  CommandHelp help;
  void (*declare)(Flags& flags, T& command);
  Outcome<int> (*run)(const Invocation& invocation, const T& command);
  Outcome<> (*check)(const T& command) = nullptr;  // null: there is nothing to check
};

template <class T>
class CommandOf final : public Command {
 public:
  explicit CommandOf(const CommandDefinition<T>& definition) : definition_(definition) {}

  void declare(Flags& flags) override { definition_.declare(flags, value_); }
  Outcome<> check() const override {
    return definition_.check == nullptr ? Outcome<>() : definition_.check(value_);
  }
  Outcome<int> run(const Invocation& invocation) const override {
    return definition_.run(invocation, value_);
  }

  const T& value() const { return value_; }

 private:
  CommandDefinition<T> definition_;
  T value_;
};

// CommandEntry is one entry of the table of commands.
struct CommandEntry {
  template <class T>
  CommandEntry(const CommandDefinition<T>& definition)  // NOLINT(google-explicit-constructor)
      : help(definition.help),
        make([definition] { return std::make_unique<CommandOf<T>>(definition); }) {}

  CommandHelp help;
  std::function<std::unique_ptr<Command>()> make;
};

using CommandTable = std::vector<CommandEntry>;

}  // namespace cli
