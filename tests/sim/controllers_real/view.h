// What a namespace holds, as text that two clusters have in common: names and uids that a cluster
// invents are replaced by what they stand for. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <utility>

namespace controllers_real {

// By plural and name: the object as JSON.
using Objects = std::map<std::pair<std::string, std::string>, std::string>;

// One line for each object, sorted.
std::string view_of(const Objects& objects);

// The lines that only one of the two has, with a sign in front; at most `most` of them.
std::string differing_lines(const std::string& real, const std::string& fake);

}  // namespace controllers_real
