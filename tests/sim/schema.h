// What the simulated API server knows of the types it serves: their fields, how lists and maps are
// kept and merged, defaults and, for custom resources, what a value has to be. Built once from
// types/kubernetes.txt and from the CRD; immutable then, but for the memory of matched patterns.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "sim/json_value.h"

namespace sim {

enum class SchemaKind {
  kAny,
  kBoolean,
  kInteger,
  kNumber,
  kString,
  kTime,
  kQuantity,
  kIntOrString,
  kBytes,
  kStruct,
  kMap,
  kList
};
enum class ListKind { kAtomic, kSet, kKeyed };

// Whether a field is written when it is empty.
enum class Presence { kOmitted, kAlways, kPointer };

struct Schema;

struct SchemaField {
  std::string name;
  const Schema* schema = nullptr;
  Presence presence = Presence::kOmitted;
  std::optional<std::string> default_text;  // of a string that takes part in a list's keys
};

// A regular expression, and what it said of texts it has seen: std::regex is slow, and texts recur.
class Pattern {
 public:
  explicit Pattern(const std::string& pattern) : text_(pattern), regex_(pattern) {}
  bool matches(std::string_view text) const;  // somewhere in it, as Go's MatchString
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::regex regex_;
  mutable std::map<std::string, bool, std::less<>> seen_;
};

// A CEL rule of the CRD; custom_rules.cpp knows what each of them checks.
struct CustomRule {
  std::string rule;
  std::string message;
  std::string field_path;
  bool has_message_expression = false;
};

// What a custom resource's schema asks of a value, besides its type.
struct Constraints {
  std::optional<std::int64_t> minimum, maximum, min_length, max_length, min_items, max_items,
      max_properties;
  std::string format;
  std::vector<std::string> enumeration;
  std::vector<std::string> required;
  std::unique_ptr<Pattern> pattern;
  std::unique_ptr<Document> default_value;
  std::vector<CustomRule> rules;
};

struct Schema {
  SchemaKind kind = SchemaKind::kAny;
  bool atomic = false;  // of a struct or map
  ListKind list = ListKind::kAtomic;
  std::vector<std::string> keys;        // of a keyed list, sorted
  const Schema* items = nullptr;        // of a list or a map
  std::vector<SchemaField> fields;      // of a struct, sorted by name
  std::string type_name;                // "int32", "PodSpec"
  std::unique_ptr<Constraints> checks;  // of custom resources

  const SchemaField* field(std::string_view name) const;
  // "f:name", "k:…", "v:…": the type of what is there; null: no such field.
  const Schema* type_of(std::string_view element) const;
  bool declares(std::string_view element) const;  // as a field, not as a key of a map
  bool is_map() const { return kind == SchemaKind::kStruct || kind == SchemaKind::kMap; }
  bool is_leaf() const;  // a scalar, or kept and owned as a whole
};

// All types by name: "Deployment", "PodSpec", …, "LocalRegistry".
const Schema& schema_of(std::string_view type);

// The path element of an item of a set or keyed list; nothing when it lacks a key.
std::optional<std::string> element_of(const Schema& list, const Value& item);

}  // namespace sim
