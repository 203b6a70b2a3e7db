// The completion command prints the scripts by which shells complete command lines of the plugin.
// The functions are pure and can be called on any thread.
#pragma once

#include <string>
#include <string_view>

#include "cli/grammar/command.h"

namespace cli {

enum class Shell { kBash, kZsh, kFish };

struct CompletionCommand {
  Shell shell = Shell::kBash;
};

// Returns the completion script for a shell. Source: the manuals of bash, zsh (compsys) and fish.
std::string completion_script(Shell shell);

CommandEntry completion_command();

}  // namespace cli
