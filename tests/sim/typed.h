// What becomes of JSON on its way through Kubernetes' own types: unknown fields go, so do zeroes
// that Go does not write, quantities get their canonical form. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/schema.h"

namespace sim {

// Makes value what a decoder and an encoder of that type leave of it. Else the message of why it
// cannot be decoded.
std::optional<std::string> conform(const Schema& schema, Value& value, Allocator& allocator);

// What an object of that type is without any field set.
Value empty_object(const Schema& schema, Allocator& allocator);

// "1024Mi" as "1Gi"; nothing for what is no quantity.
std::optional<std::string> canonical_quantity(std::string_view text);

// The same rounded up to a thousandth, as a list of resources keeps it. text is a quantity.
std::string rounded_quantity(std::string_view text);

// The order of two quantities: negative, zero or positive. Both are quantities.
int compare_quantities(std::string_view a, std::string_view b);

}  // namespace sim
