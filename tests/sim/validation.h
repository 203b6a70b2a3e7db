// What the API server refuses with 422, in its words, as far as this project can meet it. Pure
// functions; any thread.
#pragma once

#include <string>

#include "sim/answers.h"

namespace sim {

// before: null for a creation.
Causes validate_metadata(const Resource& resource, const Value& object, const Value* before);
Causes validate_own_type(const Resource& resource, const Value& object, const Value* before);
Causes validate_status(const Resource& resource, const Value& object, const Value& before);

// A custom resource, by its schema and by its CEL rules.
Causes validate_custom(const Schema& schema, const Value& object);

// Checks a CEL rule of the CRD. Nothing: this rule is not known here.
std::optional<bool> holds(const CustomRule& rule, const Value& self);
// What its messageExpression says; empty when it has none.
std::string message_of(const CustomRule& rule, const Value& self);

}  // namespace sim
