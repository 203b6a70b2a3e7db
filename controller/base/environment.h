// The variables that a program was started with. Values; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

// Names and values.
using EnvironmentVariables = std::map<std::string, std::string, std::less<>>;

// Those of this process.
EnvironmentVariables process_environment();

// NAME=VALUE of this process, and over that what `more` says: for a program that is started.
std::vector<std::string> child_environment(
    const std::vector<std::pair<std::string, std::string>>& more);

// As exec and posix_spawn take words: a null at the end. Valid as long as the texts are.
std::vector<char*> null_terminated(std::vector<std::string>& texts);

// The value of a variable; empty without one.
std::string variable(const EnvironmentVariables& environment, std::string_view name);

}  // namespace base
