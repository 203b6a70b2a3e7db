// Structured merge and diff: what two objects of one schema differ in, and what becomes of one when
// the other is applied to it. Pure functions; any thread. Source: KEP-555.
#pragma once

#include <optional>
#include <string>

#include "sim/field_set.h"

namespace sim {

// Which fields of after are new, changed or gone. Null: there was no such object.
struct Comparison {
  FieldSet added, modified, removed;

  bool is_same() const { return added.empty() && modified.empty() && removed.empty(); }
};
Comparison compare(const Schema& schema, const Value& before, const Value& after);

// The fields that an applied configuration is about.
FieldSet fields_of(const Schema& schema, const Value& configuration);

// What configuration says wins; all else stays.
Value merge(const Schema& schema, const Value& live, const Value& configuration,
            Allocator& allocator);

Value remove_fields(const Schema& schema, const Value& value, const FieldSet& fields,
                    Allocator& allocator);

// Why the configuration does not fit the schema; nothing when it does.
std::optional<std::string> misfit(const Schema& schema, const Value& configuration,
                                  const std::string& path = {});

}  // namespace sim
