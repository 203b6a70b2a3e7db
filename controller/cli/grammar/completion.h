// This file completes command lines: it computes the candidates that kubectl and the scripts of the
// completion command request. The functions are called on one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/cluster/connection.h"
#include "cli/grammar/command.h"

namespace cli {

// kCompleteWord is the hidden command that prints candidates. kCompleteProgram is the program that
// kubectl runs to get the candidates of this plugin.
inline constexpr std::string_view kCompleteWord = "__complete";
inline constexpr std::string_view kCompleteProgram = "kubectl_complete-localregistry";

// A Directive is an instruction to the shell. Source: the completion protocol of the Go library
// cobra (spf13/cobra), which kubectl uses.
enum class Directive { kFiles = 0, kNoSpace = 2, kNoFiles = 4, kFolders = 16 };

struct Candidates {
  std::vector<std::string> words;  // "word" or "word\tdescription"; begin with the typed text
  Directive directive = Directive::kNoFiles;
};

// ClusterSelection holds the flags that select the cluster, the namespace and the LocalRegistry
// from which names are read.
struct ClusterSelection {
  Connection connection;
  std::string registry;
};

// NameSource reads candidates from the cluster and the kubeconfig. complete() calls one of the
// functions only when it needs the names. A function returns no names on any error, because
// completion prints no errors.
class NameSource {
 public:
  using Words = std::vector<std::string>;

  NameSource() = default;
  NameSource(const NameSource&) = delete;
  NameSource& operator=(const NameSource&) = delete;
  virtual ~NameSource() = default;

  virtual Words registries(const ClusterSelection& selection) = 0;
  virtual Words images(const ClusterSelection& selection) = 0;
  virtual Words contexts(const ClusterSelection& selection) = 0;
  virtual Words namespaces(const ClusterSelection& selection) = 0;
};

// Returns the candidates for the last word of `words`; that word may be incomplete or empty.
Candidates complete(const CommandTable& commands, const std::vector<std::string>& words,
                    NameSource& names);

// Formats one candidate per line, then ":" and the number of the directive.
std::string print(const Candidates& candidates);

}  // namespace cli
