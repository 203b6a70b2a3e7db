// This file sets the default values of the API server: those of Kubernetes' own types as its
// decoders set them, and those of custom resources as their schema declares them. The functions are
// pure and can be called on any thread.
#pragma once

#include <string>
#include <vector>

#include "sim/resources.h"

namespace sim {

// Sets the default values of an object of one of Kubernetes' own types. The object must already
// conform to its type (sim/typed.h).
void set_defaults(const Resource& resource, Value& object, Allocator& allocator);

// How a null without a default value is treated: a decoded body loses it, an applied configuration
// keeps it.
enum class Nulls { kDropped, kKept };

// Drops the fields that the schema of the custom resource does not declare, then sets its default
// values.
void prune_and_default(const Schema& schema, Value& value, Nulls nulls, Allocator& allocator);

}  // namespace sim
