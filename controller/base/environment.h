// The variables that a program was started with. Values; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace base {

// Names and values.
using EnvironmentVariables = std::map<std::string, std::string, std::less<>>;

// Those of this process.
EnvironmentVariables process_environment();

// The value of a variable; empty without one.
std::string variable(const EnvironmentVariables& environment, std::string_view name);

}  // namespace base
