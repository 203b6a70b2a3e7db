// Sets of fields of an object, as server-side apply keeps them: what FieldsV1 is in memory.
// Values; any thread. Source: the structured merge and diff of Kubernetes, KEP-555.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/json_value.h"
#include "sim/schema.h"

namespace sim {

struct FieldEntry;

// A tree of path elements. An element is a member when the field itself is in the set; what lies
// below it is apart from that.
class FieldSet {
 public:
  bool empty() const { return entries_.empty(); }
  bool has(std::string_view element) const;
  const FieldSet* below(std::string_view element) const;  // null: nothing

  void insert(std::string_view element);
  FieldSet& descend(std::string_view element);  // prune() afterwards if nothing was put there
  void prune();                                 // drops elements without anything

  FieldSet unite(const FieldSet& other) const;
  FieldSet intersect(const FieldSet& other) const;
  FieldSet subtract(const FieldSet& other) const;
  // Takes away also what lies below the members of other.
  FieldSet subtract_whole(const FieldSet& other) const;
  // With every declared field that something lies below of.
  FieldSet with_named_fields(const Schema& schema) const;

  const std::vector<FieldEntry>& entries() const { return entries_; }

  static FieldSet read(const Value& fields_v1);
  void write(std::string& out) const;  // as FieldsV1

  bool operator==(const FieldSet& other) const;

 private:
  FieldEntry& need(std::string_view element);
  const FieldEntry* find_entry(std::string_view element) const;

  std::vector<FieldEntry> entries_;  // sorted
};

struct FieldEntry {
  std::string element;  // "f:name", "k:{…}", "v:…"
  bool member = false;
  FieldSet below;
};

}  // namespace sim
