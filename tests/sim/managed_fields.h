// Who owns which fields of an object: metadata.managedFields in memory, and what a write does to
// it. Pure functions; any thread. Source: the field manager of Kubernetes, KEP-555.
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

  bool is_same(const Manager& other) const;  // whatever its time and fields
};
using Managers = std::vector<Manager>;  // in the order in which they are written

// Whether they own the same, whenever they wrote it. In another order they are not the same: who
// wrote last comes last, and the real one takes that for a change.
bool same_but_for_times(const Managers& a, const Managers& b);

// The member managedFields of metadata, in JSON.
std::string write(const Managers& managers);

// What a manager other than by applying has written.
struct Update {
  const Schema* schema;
  const FieldSet* ignored;  // fields that this kind of write resets
  Manager writer;           // without fields
};
// An object that nobody owns anything of stays so until it is applied.
// created: before is an object without any field set.
Managers updated(const Update& update, bool created, const Value& before, const Value& after,
                 const Managers& managers);

struct Conflict {
  Manager manager;
  std::vector<std::string> paths;
};
struct Application {
  Value object;
  Managers managers;
  std::vector<Conflict> conflicts;  // when not forced: nothing happens
};
Application applied(const Update& update, const Value& live, const Value& configuration, bool force,
                    const Managers& managers, Allocator& allocator);

}  // namespace sim
