// This file writes JSON values for people to read: indented, or as YAML. The functions are pure and
// can be called on any thread.
#pragma once

#include <string>
#include <string_view>

#include "json/value.h"

namespace json {

// Returns JSON indented by four spaces, with a line end, as kubectl writes it. `hidden`: the path
// of one member to leave out, for example "metadata.managedFields"; empty: none.
std::string pretty(View value, std::string_view hidden = {});

// Returns YAML with a line end. Parsers of YAML 1.1 and of YAML 1.2 read the same value from the
// result, because a string is quoted if one of these versions would read it as another type.
// `hidden`: as for pretty().
std::string to_yaml(View value, std::string_view hidden = {});

}  // namespace json
