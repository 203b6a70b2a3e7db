#include "sim/schema.h"

#include <algorithm>

namespace sim {

bool Pattern::matches(std::string_view text) const {
  const auto found = seen_.find(text);
  if (found != seen_.end()) return found->second;
  const bool matched = std::regex_search(text.begin(), text.end(), regex_);
  seen_.emplace(std::string(text), matched);
  return matched;
}

const SchemaField* Schema::field(std::string_view name) const {
  const auto found = std::lower_bound(
      fields.begin(), fields.end(), name,
      [](const SchemaField& one, std::string_view other) { return one.name < other; });
  return found != fields.end() && found->name == name ? &*found : nullptr;
}

const Schema* Schema::type_of(std::string_view element) const {
  if (kind == SchemaKind::kMap || kind == SchemaKind::kList) return items;
  if (kind != SchemaKind::kStruct || !element.starts_with("f:")) return nullptr;
  const SchemaField* found = field(element.substr(2));
  return found == nullptr ? nullptr : found->schema;
}

bool Schema::declares(std::string_view element) const {
  return kind == SchemaKind::kStruct && element.starts_with("f:") &&
         field(element.substr(2)) != nullptr;
}

bool Schema::is_leaf() const {
  if (is_map()) return atomic;
  return kind != SchemaKind::kList || list == ListKind::kAtomic;
}

std::optional<std::string> element_of(const Schema& list, const Value& item) {
  if (list.list == ListKind::kSet) return "v:" + write(item);
  std::string element = "k:{";
  for (const std::string& key : list.keys) {
    const Value* value = find(item, key);
    const SchemaField* field = list.items->field(key);
    std::string text;
    if (value != nullptr && !value->IsNull()) {
      text = write(*value);
    } else if (field != nullptr && field->default_text) {
      text = '"' + *field->default_text + '"';
    } else {
      return std::nullopt;
    }
    if (element.size() > 3) element += ',';
    element += '"' + key + "\":" + text;
  }
  return element + '}';
}

}  // namespace sim
