#include "sim/structured_merge.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sim {
namespace {

bool is_list(const Schema& schema) { return schema.kind == SchemaKind::kList; }

// True if both are empty lists or maps. They are then compared as a whole, like scalars.
bool both_empty(const Value* a, const Value* b) { return is_empty(a) && is_empty(b); }

std::string field_element(const Value& name) { return "f:" + std::string(as_text(name)); }

struct Item {
  std::string element;
  const Value* value;
};

// Returns the items of a set or keyed list in their order, without those that lack a key.
std::vector<Item> items_of(const Schema& list, const Value* value) {
  std::vector<Item> items;
  if (value == nullptr || !value->IsArray()) return items;
  items.reserve(value->Size());
  for (const Value& item : value->GetArray()) {
    if (std::optional<std::string> element = element_of(list, item)) {
      items.push_back({*std::move(element), &item});
    }
  }
  return items;
}

const Value* value_of(const std::vector<Item>& items, const std::string& element) {
  for (const Item& item : items) {
    if (item.element == element) return item.value;
  }
  return nullptr;
}

class Comparer {
 public:
  explicit Comparer(Comparison& result) : result_(&result) {}

  void visit(const Schema& schema, const Value* before, const Value* after, FieldSet& added,
             FieldSet& modified, FieldSet& removed) {
    if (is_list(schema)) {
      const std::vector<Item> old_items = items_of(schema, before);
      const std::vector<Item> new_items = items_of(schema, after);
      for (const Item& item : old_items) {
        step(schema.items, item.element, item.value, value_of(new_items, item.element), added,
             modified, removed);
      }
      for (const Item& item : new_items) {
        if (value_of(old_items, item.element) != nullptr) continue;
        step(schema.items, item.element, nullptr, item.value, added, modified, removed);
      }
      return;
    }
    if (before != nullptr && before->IsObject()) {
      for (auto member = before->MemberBegin(); member != before->MemberEnd(); ++member) {
        const Value* match = after == nullptr ? nullptr : find(*after, as_text(member->name));
        if (match != nullptr && *match == member->value) continue;
        field(schema, member->name, &member->value, match, added, modified, removed);
      }
    }
    if (after == nullptr || !after->IsObject()) return;
    for (auto member = after->MemberBegin(); member != after->MemberEnd(); ++member) {
      if (before != nullptr && find(*before, as_text(member->name)) != nullptr) continue;
      field(schema, member->name, nullptr, &member->value, added, modified, removed);
    }
  }

 private:
  void field(const Schema& schema, const Value& name, const Value* before, const Value* after,
             FieldSet& added, FieldSet& modified, FieldSet& removed) {
    const std::string element = field_element(name);
    step(schema.type_of(element), element, before, after, added, modified, removed);
  }

  void step(const Schema* schema, const std::string& element, const Value* before,
            const Value* after, FieldSet& added, FieldSet& modified, FieldSet& removed) {
    const bool leaf = schema == nullptr || schema->is_leaf() || both_empty(before, after);
    if (before == nullptr) added.insert(element);
    if (after == nullptr) removed.insert(element);
    if (leaf && before != nullptr && after != nullptr && *before != *after) {
      modified.insert(element);
    }
    if (leaf) return;
    visit(*schema, before, after, added.descend(element), modified.descend(element),
          removed.descend(element));
  }

  Comparison* result_;
};

void collect(const Schema& schema, const Value& value, FieldSet& fields) {
  if (is_list(schema)) {
    for (const Item& item : items_of(schema, &value)) {
      fields.insert(item.element);
      if (!schema.items->is_leaf()) {
        collect(*schema.items, *item.value, fields.descend(item.element));
      }
    }
    return;
  }
  if (!value.IsObject()) return;
  for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member) {
    const std::string element = field_element(member->name);
    const Schema* type = schema.type_of(element);
    const bool leaf = type == nullptr || type->is_leaf() || is_empty(&member->value);
    if (leaf || !schema.declares(element)) fields.insert(element);
    if (!leaf) collect(*type, member->value, fields.descend(element));
  }
}

class Merger {
 public:
  explicit Merger(Allocator& allocator) : allocator_(&allocator) {}

  Value both(const Schema* schema, const Value* live, const Value* wanted) {
    if (wanted == nullptr) return make_copy(*live, *allocator_);
    if (schema == nullptr || schema->is_leaf() || live == nullptr || both_empty(live, wanted)) {
      return make_copy(*wanted, *allocator_);
    }
    return is_list(*schema) ? lists(*schema, live, wanted) : maps(*schema, *live, *wanted);
  }

 private:
  Value maps(const Schema& schema, const Value& live, const Value& wanted) {
    Value result(rapidjson::kObjectType);
    if (live.IsObject()) {
      for (auto member = live.MemberBegin(); member != live.MemberEnd(); ++member) {
        const Value* match = find(wanted, as_text(member->name));
        add(result, schema, member->name, &member->value, match);
      }
    }
    if (!wanted.IsObject()) return result;
    for (auto member = wanted.MemberBegin(); member != wanted.MemberEnd(); ++member) {
      if (find(live, as_text(member->name)) != nullptr) continue;
      add(result, schema, member->name, nullptr, &member->value);
    }
    return result;
  }

  void add(Value& result, const Schema& schema, const Value& name, const Value* live,
           const Value* wanted) {
    const Schema* type = schema.type_of(field_element(name));
    result.AddMember(make_copy(name, *allocator_), both(type, live, wanted), *allocator_);
  }

  // Shared items get the order of the applied list; items that only the live list has keep their
  // places.
  Value lists(const Schema& schema, const Value* live, const Value* wanted) {
    const std::vector<Item> left = items_of(schema, live);
    const std::vector<Item> right = items_of(schema, wanted);
    std::vector<std::string_view> shared;
    for (const Item& item : right) {
      if (value_of(left, item.element) != nullptr) shared.push_back(item.element);
    }
    std::size_t next = 0;  // index into shared
    std::vector<std::string_view> merged;
    Value result(rapidjson::kArrayType);
    const auto take = [&](const Item& item) {
      merged.push_back(item.element);
      result.PushBack(both(schema.items, value_of(left, item.element), item.value), *allocator_);
      if (next < shared.size() && shared[next] == item.element) ++next;
    };
    std::size_t l = 0;
    std::size_t r = 0;
    while (l < left.size() || r < right.size()) {
      if (l < left.size() && r < right.size()) {
        if (left[l].element == right[r].element) {
          take(right[r++]);
          ++l;
          continue;
        }
        const bool in_both = value_of(right, left[l].element) != nullptr;
        if (in_both && next < shared.size() && shared[next] != left[l].element) {
          ++l;
          continue;
        }
      }
      if (l < left.size()) {
        if (value_of(right, left[l].element) == nullptr) {
          result.PushBack(make_copy(*left[l].value, *allocator_), *allocator_);
          ++l;
          continue;
        }
        if (std::find(merged.begin(), merged.end(), left[l].element) != merged.end()) ++l;
      }
      if (r < right.size()) take(right[r++]);
    }
    return result;
  }

  Allocator* allocator_;
};

std::string place(const std::string& path) { return path.empty() ? "." : path; }

std::optional<std::string> misfit_of_scalar(const Schema& schema, const Value& value,
                                            const std::string& path) {
  const auto got = [&value] {
    return std::string(value.IsString()   ? "string"
                       : value.IsNumber() ? "int"
                       : value.IsBool()   ? "boolean"
                       : value.IsArray()  ? "list"
                                          : "map");
  };
  const auto wrong = [&](std::string_view expected) {
    return place(path) + ": expected " + std::string(expected) + ", got " + got();
  };
  switch (schema.kind) {
    case SchemaKind::kBoolean:
      if (!value.IsBool()) return wrong("boolean");
      return std::nullopt;
    case SchemaKind::kInteger:
    case SchemaKind::kNumber:
      if (!value.IsNumber()) return wrong("numeric (int or float)");
      return std::nullopt;
    case SchemaKind::kString:
    case SchemaKind::kTime:
    case SchemaKind::kBytes:
      if (!value.IsString()) return wrong("string");
      return std::nullopt;
    default: return std::nullopt;
  }
}

std::optional<std::string> misfit_of_list(const Schema& schema, const Value& value,
                                          const std::string& path) {
  if (!value.IsArray()) return place(path) + ": expected list, got something else";
  std::vector<std::string> seen;
  for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
    std::string below = path + "[" + std::to_string(i) + "]";
    if (schema.list != ListKind::kAtomic) {
      const std::optional<std::string> element = element_of(schema, value[i]);
      if (!element) {
        return place(path) + ": element " + std::to_string(i) +
               ": associative list with keys has an element that omits key field";
      }
      if (std::find(seen.begin(), seen.end(), *element) != seen.end()) {
        return place(path) + ": duplicate entries for key " + *element;
      }
      seen.push_back(*element);
    }
    if (auto why = misfit(*schema.items, value[i], below)) return why;
  }
  return std::nullopt;
}

}  // namespace

Comparison compare(const Schema& schema, const Value& before, const Value& after) {
  Comparison result;
  Comparer(result).visit(schema, &before, &after, result.added, result.modified, result.removed);
  result.added.prune();
  result.modified.prune();
  result.removed.prune();
  return result;
}

FieldSet fields_of(const Schema& schema, const Value& configuration) {
  FieldSet fields;
  collect(schema, configuration, fields);
  fields.prune();
  return fields;
}

Value merge(const Schema& schema, const Value& live, const Value& configuration,
            Allocator& allocator) {
  return Merger(allocator).both(&schema, &live, &configuration);
}

Value remove_fields(const Schema& schema, const Value& value, const FieldSet& fields,
                    Allocator& allocator) {
  if (is_empty(&value)) return {};
  if (is_list(schema)) {
    if (schema.list == ListKind::kAtomic) return make_copy(value, allocator);
    Value result(rapidjson::kArrayType);
    for (const Item& item : items_of(schema, &value)) {
      if (fields.has(item.element)) continue;
      const FieldSet* below = fields.below(item.element);
      result.PushBack(below == nullptr
                          ? make_copy(*item.value, allocator)
                          : remove_fields(*schema.items, *item.value, *below, allocator),
                      allocator);
    }
    if (result.Empty()) return {};
    return result;
  }
  if (!value.IsObject()) return make_copy(value, allocator);
  Value result(rapidjson::kObjectType);
  for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member) {
    const std::string element = field_element(member->name);
    if (fields.has(element)) continue;
    const FieldSet* below = fields.below(element);
    const Schema* type = schema.type_of(element);
    result.AddMember(make_copy(member->name, allocator),
                     below == nullptr || type == nullptr
                         ? make_copy(member->value, allocator)
                         : remove_fields(*type, member->value, *below, allocator),
                     allocator);
  }
  if (result.ObjectEmpty()) return {};
  return result;
}

std::optional<std::string> misfit(const Schema& schema, const Value& configuration,
                                  const std::string& path) {
  if (configuration.IsNull() || schema.kind == SchemaKind::kAny) return std::nullopt;
  if (is_list(schema)) return misfit_of_list(schema, configuration, path);
  if (!schema.is_map()) return misfit_of_scalar(schema, configuration, path);
  if (!configuration.IsObject()) {
    return place(path) + ": expected map, got something else";
  }
  for (auto one = configuration.MemberBegin(); one != configuration.MemberEnd(); ++one) {
    const std::string below = path + "." + std::string(as_text(one->name));
    const Schema* type = schema.type_of(field_element(one->name));
    if (type == nullptr) return below + ": field not declared in schema";
    if (auto why = misfit(*type, one->value, below)) return why;
  }
  return std::nullopt;
}

}  // namespace sim
