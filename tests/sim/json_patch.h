// JSON Patch (RFC 6902) as a kube-apiserver understands it. Pure functions; any thread.
// Source: the Go module gopkg.in/evanphx/json-patch.v4, whose "replace" adds what is missing.
#pragma once

#include "sim/json_value.h"

namespace sim {

// patch: an array of operations. False: one of them does not apply; object is then of no use.
bool json_patch(Value& object, const Value& patch, Allocator& allocator);

}  // namespace sim
