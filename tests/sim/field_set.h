// FieldSet is a set of fields of an object in memory, as server-side apply stores it in FieldsV1.
// It is a plain value and can be used on any thread. Source: structured-merge-diff of Kubernetes,
// KEP-555.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/json_value.h"
#include "sim/schema.h"

namespace sim {

struct FieldEntry;

// A tree of path elements. An element can be a member, so that the field itself is in the set, with
// or without members below it.
class FieldSet {
 public:
  bool empty() const { return entries_.empty(); }
  bool has(std::string_view element) const;
  const FieldSet* below(std::string_view element) const;  // null if nothing is below the element

  void insert(std::string_view element);
  FieldSet& descend(std::string_view element);  // call prune() later if nothing is inserted there
  void prune();  // drops elements that are no member and have none below

  FieldSet unite(const FieldSet& other) const;
  FieldSet intersect(const FieldSet& other) const;
  FieldSet subtract(const FieldSet& other) const;
  // As subtract(), and also removes everything below the members of `other`.
  FieldSet subtract_whole(const FieldSet& other) const;
  // Returns a copy in which each declared field with something below it is a member.
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
