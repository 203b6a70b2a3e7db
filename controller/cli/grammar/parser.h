// Parser holds the grammar of the command line, its subcommands and flags; parsing, help and
// completion use it. One owner; any thread.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/grammar/command_line.h"

namespace cli {

// The kind of value that an option or argument takes; completion uses it.
enum class ValueKind {
  kNone,
  kRegistry,
  kImage,      // the name of a declared image
  kReference,  // an image reference, or the name of a declared image
  kContext,
  kNamespace,
  kFile,
  kFolder,
  kShell
};

class Parser {
 public:
  explicit Parser(std::string version);
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Parses the words; may be called once.
  Outcome<CommandLine> parse(std::vector<std::string> words);

  const CLI::App& app() const { return app_; }

  // Returns the words that an option accepts; empty: any word.
  std::vector<std::string> choices(const CLI::Option* option) const;
  ValueKind value_kind(const CLI::Option* option) const;

 private:
  using Words = std::vector<std::string>;

  CLI::App* add(std::string_view name);
  void add_connection();
  void add_status();
  void add_url();
  void add_wait();
  void add_env();
  void add_exec();
  void add_import();
  void add_rewrite();
  void add_check();
  void add_push();
  void add_build();
  void add_completion();

  CLI::Option* add_registry(CLI::App* command, std::string& registry);
  CLI::Option* add_name(CLI::App* command, std::string& registry);
  CLI::Option* add_choice(CLI::App* command, const char* flags, std::string& word,
                          const Words& words, const std::string& description);
  void add_output(CLI::App* command, const char* usual);  // adds -o; `usual`: the default format
  CLI::Option* add_several(CLI::App* command, const char* flags, Words& words,
                           const char* description, const char* type);
  CLI::Option* set_value_kind(CLI::Option* option, ValueKind value_kind);

  Outcome<Command> chosen(const Words& tail);
  Outcome<Command> read_wait();
  Outcome<Command> read_exec(const Words& tail);
  Outcome<Command> read_import();
  Outcome<Command> read_rewrite();
  Outcome<Command> read_check();
  Outcome<Command> read_push();
  Outcome<Command> read_completion(const std::string& shell);

  std::string version_;
  CLI::App app_;
  std::map<const CLI::Option*, Words> choices_;
  std::map<const CLI::Option*, ValueKind> value_kinds_;

  Connection connection_;
  bool print_version_ = false;
  StatusCommand status_;
  UrlCommand url_;
  WaitCommand wait_;
  EnvCommand env_;
  ExecCommand exec_;
  ImportCommand import_;
  RewriteCommand rewrite_;
  CheckCommand check_;
  PushCommand push_;
  BuildCommand build_;
  std::string shell_;
  // Values as the user typed them; they are converted after the whole command line is parsed.
  std::string output_;
  std::string condition_;
  std::string timeout_;
  std::string via_;
  std::string request_timeout_;
  Words variables_;
};

}  // namespace cli
