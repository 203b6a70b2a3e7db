// Files that the user names. Any thread.
#pragma once

#include <cstddef>
#include <string>

#include "cli/outcome.h"

namespace cli {

// The content of the file, or of standard input for "-". kFailure: it cannot be read, or has more
// than so many bytes.
Outcome<std::string> read_input(const std::string& file, std::size_t most);

}  // namespace cli
