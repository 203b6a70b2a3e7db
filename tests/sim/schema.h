// Schema describes a type that the simulated API server serves: its fields, how lists and maps are
// stored and merged, default values and, for a custom resource, its validation rules. The schemas
// are built once, from types/kubernetes.txt and from the CRD, and are immutable afterwards except
// for the cache of Pattern. One thread.
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

// How an empty field is written: left out, always written, or written if it is set (a pointer in
// Go).
enum class Presence { kOmitted, kAlways, kPointer };

struct Schema;

struct SchemaField {
  std::string name;
  const Schema* schema = nullptr;
  Presence presence = Presence::kOmitted;
  std::optional<std::string> default_text;  // of a string that can be one of a list's keys
};

// A regular expression with a cache of its answers: std::regex is slow, and the same texts recur.
class Pattern {
 public:
  explicit Pattern(const std::string& pattern) : text_(pattern), regex_(pattern) {}
  bool matches(std::string_view text) const;  // anywhere in the text, as Go's MatchString
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::regex regex_;
  mutable std::map<std::string, bool, std::less<>> seen_;
};

// A CEL rule of the CRD. custom_rules.cpp implements its check.
struct CustomRule {
  std::string rule;
  std::string message;
  std::string field_path;
  bool has_message_expression = false;
};

// What the schema of a custom resource demands of a value besides its type.
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
  bool atomic = false;  // of a struct or map: owned as a whole
  ListKind list = ListKind::kAtomic;
  std::vector<std::string> keys;        // of a keyed list, sorted
  const Schema* items = nullptr;        // of a list or a map
  std::vector<SchemaField> fields;      // of a struct, sorted by name
  std::string type_name;                // such as "int32" or "PodSpec"
  std::unique_ptr<Constraints> checks;  // of custom resources

  const SchemaField* field(std::string_view name) const;
  // Returns the type of the field, item or map value that a path element names ("f:name", "k:…",
  // "v:…"); null if there is none.
  const Schema* type_of(std::string_view element) const;
  bool declares(std::string_view element) const;  // as a field, not as a key of a map
  bool is_map() const { return kind == SchemaKind::kStruct || kind == SchemaKind::kMap; }
  bool is_leaf() const;  // a scalar, or a value that is owned as a whole
};

// Returns the schema of a type, such as "Deployment", "PodSpec" or "LocalRegistry". Throws
// std::runtime_error if there is none.
const Schema& schema_of(std::string_view type);

// Returns the path element of an item of a set or keyed list; nullopt if the item lacks a key.
std::optional<std::string> element_of(const Schema& list, const Value& item);

}  // namespace sim
