// This file keeps metadata.managedFields in memory: which manager owns which fields of an object,
// and how a write changes that. The functions are pure and can be called on any thread. Source: the
// field manager of Kubernetes, KEP-555.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/field_set.h"
#include "sim/structured_merge.h"

namespace sim {

struct Manager {
  std::string name;
  std::string operation;  // "Apply" or "Update"
  std::string api_version;
  std::string subresource;
  std::string time;
  FieldSet fields;

  bool is_same(const Manager& other) const;  // compares all but time and fields
};
using Managers = std::vector<Manager>;  // in the order of metadata.managedFields

// True if both have the same managers with the same fields, at whatever times. Another order is a
// difference: the last writer comes last, and a kube-apiserver takes a new order for a change.
bool same_but_for_times(const Managers& a, const Managers& b);

// Returns the JSON of metadata.managedFields.
std::string write(const Managers& managers);

// The manager of a write, and the fields that the write cannot change.
struct Update {
  const Schema* schema;
  const FieldSet* ignored;  // fields that the write cannot change; null: none
  Manager writer;           // its fields are empty
};
// Returns the managers after a write other than an apply. An object without managers gets none
// before its first apply. `created` is true for a creation; `before` is then an object without any
// field set.
Managers updated(const Update& update, bool created, const Value& before, const Value& after,
                 const Managers& managers);

struct Conflict {
  Manager manager;
  std::vector<std::string> paths;
};
struct Application {
  Value object;
  Managers managers;
  std::vector<Conflict> conflicts;  // not empty only without `force`; the apply is then refused
};
Application applied(const Update& update, const Value& live, const Value& configuration, bool force,
                    const Managers& managers, Allocator& allocator);

}  // namespace sim
