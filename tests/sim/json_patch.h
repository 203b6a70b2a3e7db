// This file applies JSON Patch (RFC 6902) as a kube-apiserver does. The function is pure and can be
// called on any thread. Source: the Go module gopkg.in/evanphx/json-patch.v4, whose "replace" adds
// a missing member.
#pragma once

#include "sim/json_value.h"

namespace sim {

// Applies an array of operations. Returns false if one of them does not apply; the object is then
// unusable.
bool json_patch(Value& object, const Value& patch, Allocator& allocator);

}  // namespace sim
