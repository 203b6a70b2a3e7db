// read_input() reads a file that the user names. It can be called on any thread.
#pragma once

#include <cstddef>
#include <string>

#include "cli/terminal/outcome.h"

namespace cli {

// Returns the content of the file, or of standard input for "-". `max`: maximum size in bytes.
// kFailure: the file cannot be read, or is larger than `max`.
Outcome<std::string> read_input(const std::string& file, std::size_t max);

// Returns the name of the file for messages: "standard input" for "-".
inline std::string shown_file(const std::string& file) {
  return file == "-" ? "standard input" : file;
}

}  // namespace cli
