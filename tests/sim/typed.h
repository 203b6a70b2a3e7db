// This file imitates what decoding to and encoding from Kubernetes' own Go types does to JSON:
// unknown fields are dropped, so are zeros that Go does not write, and quantities get their
// canonical form. The functions are pure and can be called on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/schema.h"

namespace sim {

// Changes `value` to what a decoder and an encoder of this type make of it. Returns the error
// message if it cannot be decoded; nullopt otherwise.
std::optional<std::string> conform(const Schema& schema, Value& value, Allocator& allocator);

// Returns the encoded form of an object of this type without any field set.
Value empty_object(const Schema& schema, Allocator& allocator);

// Returns the canonical form, such as "1Gi" for "1024Mi"; nullopt if the text is no quantity.
std::optional<std::string> canonical_quantity(std::string_view text);

// Returns the canonical form rounded up to a thousandth, as the API server stores quantities in
// limits and requests. A text that is no quantity is returned unchanged.
std::string rounded_quantity(std::string_view text);

// Returns a negative number, zero or a positive number, as `a` is less than, equal to or greater
// than `b`. Both must be quantities.
int compare_quantities(std::string_view a, std::string_view b);

}  // namespace sim
