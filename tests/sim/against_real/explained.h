// This file lists the differences between the two servers that do not matter to the operator and
// are costly to imitate. Each has a name in tests/sim/differences.md. The functions are pure and
// can be called on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace against_real {

// Returns the names of the known differences if nothing else differs between the two canonical
// answers; nullopt otherwise.
std::optional<std::vector<std::string_view>> explained(const std::string& real,
                                                       const std::string& fake);

// Returns the two texts from shortly before their first difference, for people.
std::string first_difference(const std::string& real, const std::string& fake);

}  // namespace against_real
