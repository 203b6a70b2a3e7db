// JSON values written for people to read: indented, or as YAML. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "json/value.h"

namespace json {

// Indented by four spaces, with a line end, as kubectl writes it. hidden: the path of one member
// that is left out, as in "metadata.managedFields"; empty: none.
std::string pretty(View value, std::string_view hidden = {});

// YAML that is read as the same value under the rules of YAML 1.1 and 1.2 alike: a string that one
// of them would take for something else is quoted. With a line end.
std::string to_yaml(View value, std::string_view hidden = {});

}  // namespace json
