// This file describes a namespace as text that is the same for two clusters: names and uids that a
// cluster invents are replaced by what they stand for. The functions are pure and can be called on
// any thread.
#pragma once

#include <map>
#include <string>
#include <utility>

namespace controllers_real {

// The objects as JSON, by plural and name.
using Objects = std::map<std::pair<std::string, std::string>, std::string>;

// Returns one line for each object, sorted.
std::string view_of(const Objects& objects);

// Returns the lines that only one of the two texts has, each with the name of its cluster.
std::string differing_lines(const std::string& real, const std::string& fake);

}  // namespace controllers_real
