#include "cli/commands/completion.h"

#include <fmt/core.h>

#include <ostream>

#include "base/text/quote.h"

namespace cli {
namespace {

constexpr std::string_view kBash = R"(# bash completion of kubectl-localregistry
_kubectl_localregistry() {
  local line="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}" words lines directive
  read -ra words <<<"$line"
  [[ $line != *[[:space:]] ]] || words+=("")
  mapfile -t lines < <(kubectl-localregistry __complete "${words[@]:1}" 2>/dev/null)
  ((${#lines[@]})) || return
  directive=${lines[-1]#:}
  unset 'lines[-1]'
  # Bash splits words at = and :, and expects candidates without the part before these.
  [[ $word != [=:] ]] || word=
  local typed="${words[-1]}"
  local before="${typed%"$word"}"
  COMPREPLY=("${lines[@]%%$'\t'*}")
  COMPREPLY=("${COMPREPLY[@]#"$before"}")
  case $directive in
    0) compopt -o default ;;
    16) compopt -o dirnames ;;
  esac
}
complete -F _kubectl_localregistry kubectl-localregistry
)";

constexpr std::string_view kZsh = R"(#compdef kubectl-localregistry
_kubectl_localregistry() {
  local -a lines candidates
  local directive line
  lines=("${(@f)$(kubectl-localregistry __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  directive=${lines[-1]#:}
  lines[-1]=()
  for line in $lines; do
    candidates+=("${${line%%$'\t'*}//:/\\:}${${(M)line%$'\t'*}/$'\t'/:}")
  done
  ((${#candidates})) && _describe kubectl-localregistry candidates
  case $directive in
    0) _files ;;
    16) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _kubectl-localregistry ]]; then
  _kubectl_localregistry "$@"
else
  compdef _kubectl_localregistry kubectl-localregistry
fi
)";

constexpr std::string_view kFish = R"(# fish completion of kubectl-localregistry
function __kubectl_localregistry
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l word (commandline --current-token --cut-at-cursor)
    set -l lines (kubectl-localregistry __complete $words[2..-1] "$word" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l directive (string sub --start 2 -- $lines[-1])
    set -e lines[-1]
    printf '%s\n' $lines
    switch $directive
        case 0
            __fish_complete_path "$word"
        case 16
            __fish_complete_directories "$word"
    end
end
complete --command kubectl-localregistry --no-files --arguments '(__kubectl_localregistry)'
)";

constexpr CommandHelp kCompletionHelp = {
    .name = "completion",
    .summary = "Print a shell completion script",
    .usage = "bash|zsh|fish",
    .description =
        "Prints a script that completes the command kubectl-localregistry in a shell. To\n"
        "complete `kubectl localregistry` as well, create a symbolic link to\n"
        "kubectl-localregistry with the name kubectl_complete-localregistry in a folder\n"
        "on PATH.",
    .examples =
        "completion bash > /etc/bash_completion.d/localregistry\ncompletion fish | source\n"
        "completion zsh > \"${fpath[1]}/_kubectl-localregistry\"",
};

void declare(Flags& flags, CompletionCommand& command) {
  flags.add_converted(
      {.names = "SHELL", .is_required = true, .suggestions = {"bash", "zsh", "fish"}},
      [&command](const std::string& word) -> Outcome<> {
        if (word == "bash") {
          command.shell = Shell::kBash;
        } else if (word == "zsh") {
          command.shell = Shell::kZsh;
        } else if (word == "fish") {
          command.shell = Shell::kFish;
        } else {
          return usage_failure(
              fmt::format("{} is not one of bash, zsh and fish", base::quoted(word)));
        }
        return {};
      });
}

Outcome<int> print_script(const Invocation& invocation, const CompletionCommand& command) {
  invocation.console.out << completion_script(command.shell);
  return 0;
}

}  // namespace

std::string completion_script(Shell shell) {
  switch (shell) {
    case Shell::kBash: return std::string(kBash);
    case Shell::kZsh: return std::string(kZsh);
    case Shell::kFish: return std::string(kFish);
  }
  return "";
}

CommandEntry completion_command() {
  return CommandDefinition<CompletionCommand>{
      .help = kCompletionHelp, .declare = declare, .run = print_script};
}

}  // namespace cli
