// What the API server fills in: defaults of Kubernetes' own types, as its decoders set them, and of
// custom resources, as their schema says. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "sim/resources.h"

namespace sim {

// Of an object that conforms to its type.
void set_defaults(const Resource& resource, Value& object, Allocator& allocator);

// What becomes of a null that no default replaces: a body that is decoded loses it, an applied
// configuration does not.
enum class Nulls { kDropped, kKept };

// Drops what the schema of the custom resource does not know, then fills in what it has defaults
// for.
void prune_and_default(const Schema& schema, Value& value, Nulls nulls, Allocator& allocator);

}  // namespace sim
