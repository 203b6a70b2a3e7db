// Environment variables of this process, and their form for child processes. Values; any thread.
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

// Returns NAME=VALUE texts for a child process: the variables of this process, overridden by
// `more`.
std::vector<std::string> child_environment(
    const std::vector<std::pair<std::string, std::string>>& more);

// Returns pointers to the texts and a null at the end, as exec(3) and posix_spawn(3) require. They
// are valid until `texts` is changed or destroyed.
std::vector<char*> null_terminated(std::vector<std::string>& texts);

// Returns the value of the variable; empty when it is not set.
std::string variable(const EnvironmentVariables& environment, std::string_view name);

}  // namespace base
