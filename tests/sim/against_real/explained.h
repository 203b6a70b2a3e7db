// The differences between the two servers that are known, of no consequence for the operator and
// costly to imitate: each by its name in tests/sim/differences.md. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace against_real {

// The names of what makes these two canonical answers differ; nothing: they differ in more.
std::optional<std::vector<std::string_view>> explained(const std::string& real,
                                                       const std::string& fake);

// Where two texts differ first, for people.
std::string first_difference(const std::string& real, const std::string& fake);

}  // namespace against_real
