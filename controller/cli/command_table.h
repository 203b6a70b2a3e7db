// This file lists the commands of the plugin. To add one, define it in a file of commands/ and add
// its line to the table. The function can be called on any thread.
#pragma once

#include "cli/grammar/command.h"

namespace cli {

// Returns one entry per command, in the order of --help.
CommandTable command_table();

}  // namespace cli
