// This file implements structured merge and diff: in which fields two objects of one schema differ,
// and the result of applying one to the other. The functions are pure and can be called on any
// thread. Source: KEP-555.
#pragma once

#include <optional>
#include <string>

#include "sim/field_set.h"

namespace sim {

// The fields that were added, modified and removed between two states of an object.
struct Comparison {
  FieldSet added, modified, removed;

  bool is_same() const { return added.empty() && modified.empty() && removed.empty(); }
};
Comparison compare(const Schema& schema, const Value& before, const Value& after);

// Returns the fields that an applied configuration sets.
FieldSet fields_of(const Schema& schema, const Value& configuration);

// Returns `live` with the fields of `configuration`; fields that only `live` has stay.
Value merge(const Schema& schema, const Value& live, const Value& configuration,
            Allocator& allocator);

Value remove_fields(const Schema& schema, const Value& value, const FieldSet& fields,
                    Allocator& allocator);

// Returns why the configuration does not fit the schema; nullopt if it does.
std::optional<std::string> misfit(const Schema& schema, const Value& configuration,
                                  const std::string& path = {});

}  // namespace sim
