// These functions read the environment variables of this process and prepare them for child
// processes. They can be called on any thread while no thread changes the environment.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

// Maps the name of a variable to its value.
using EnvironmentVariables = std::map<std::string, std::string, std::less<>>;

// Returns the variables of this process.
EnvironmentVariables process_environment();

// Returns the environment of a child process as NAME=VALUE texts: the variables of this process,
// and those of `more`, which override them.
std::vector<std::string> child_environment(
    const std::vector<std::pair<std::string, std::string>>& more);

// Returns pointers to the texts, with a null pointer at the end, as exec(3) and posix_spawn(3)
// require. The pointers are valid until `texts` is changed or destroyed.
std::vector<char*> null_terminated(std::vector<std::string>& texts);

// Returns the value of the variable, or an empty text when the variable is not set.
std::string variable(const EnvironmentVariables& environment, std::string_view name);

}  // namespace base
