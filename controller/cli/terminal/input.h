// read_input() reads files that the user names. Any thread.
#pragma once

#include <cstddef>
#include <string>

#include "cli/terminal/outcome.h"

namespace cli {

// Returns the content of the file, or of standard input for "-". `most`: maximum size in bytes.
// kFailure: the file cannot be read or is larger.
Outcome<std::string> read_input(const std::string& file, std::size_t most);

}  // namespace cli
