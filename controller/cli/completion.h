// Completion of the command line: scripts for shells, and the candidates that they and kubectl ask
// for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/connection.h"

namespace cli {

// The hidden command that gives candidates, and the name of a program under which kubectl asks for
// those of a plugin.
inline constexpr std::string_view kCompleteWord = "__complete";
inline constexpr std::string_view kCompleteProgram = "kubectl_complete-localregistry";

enum class Shell { kBash, kZsh, kFish };

struct CompletionCommand {
  Shell shell = Shell::kBash;
};

struct CompleteCommand {
  std::vector<std::string> words;  // the last one is to be completed; may be empty
};

// "bash", "zsh" or "fish"; nothing for another word.
std::optional<Shell> parse_shell(std::string_view word);

// Source: the protocol of the Go library cobra (spf13/cobra), which kubectl speaks.
enum class Directive { kFiles = 0, kNoSpace = 2, kNoFiles = 4, kFolders = 16 };

struct Candidates {
  std::vector<std::string> words;  // "word" or "word\tdescription", all begin with what was typed
  Directive directive = Directive::kNoFiles;
};

// The flags among the words that say where names are to be asked for.
struct Asked {
  Connection connection;
  std::string registry;
};

// What the cluster and the kubeconfig know, asked for only when it is needed. Empty on any trouble:
// completion says nothing.
class Names {
 public:
  using Words = std::vector<std::string>;

  Names() = default;
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  virtual ~Names() = default;

  virtual Words registries(const Asked& asked) = 0;
  virtual Words images(const Asked& asked) = 0;
  virtual Words contexts(const Asked& asked) = 0;
  virtual Words namespaces(const Asked& asked) = 0;
};

// words as in CompleteCommand.
Candidates complete(const std::vector<std::string>& words, Names& names);

// One candidate a line, then ":" and the number of the directive.
std::string print(const Candidates& candidates);

// The script for a shell. Source: the manuals of bash, zsh (compsys) and fish.
std::string completion_script(Shell shell);

}  // namespace cli
