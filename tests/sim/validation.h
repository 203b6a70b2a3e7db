// This file implements the validation that an API server answers with 422, with the same messages,
// as far as this project needs it. The functions are pure and can be called on any thread.
#pragma once

#include <string>

#include "sim/answers.h"

namespace sim {

// These functions validate a creation (`before` is null) or an update. They return the causes of
// the refusal; empty if the object is valid.
Causes validate_metadata(const Resource& resource, const Value& object, const Value* before);
Causes validate_own_type(const Resource& resource, const Value& object, const Value* before);
Causes validate_status(const Resource& resource, const Value& object, const Value& before);

// Validates a custom resource against its schema and its CEL rules.
Causes validate_custom(const Schema& schema, const Value& object);

// Checks a CEL rule of the CRD. Returns nullopt if custom_rules.cpp does not know the rule.
std::optional<bool> holds(const CustomRule& rule, const Value& self);
// Returns the result of the rule's messageExpression; empty if it has none.
std::string message_of(const CustomRule& rule, const Value& self);

}  // namespace sim
