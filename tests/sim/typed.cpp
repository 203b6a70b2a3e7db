#include "sim/typed.h"

#include <fmt/core.h>

#include <utility>

#include "base/time.h"

namespace sim {
namespace {

std::string json_kind(const Value& value) {
  if (value.IsString()) return "string";
  if (value.IsBool()) return "bool";
  if (value.IsArray()) return "array";
  return value.IsObject() ? "object" : "number";
}

class Conformer {
 public:
  explicit Conformer(Allocator& allocator) : allocator_(&allocator) {}

  std::optional<std::string> visit(const Schema& schema, Value& value, const std::string& path) {
    switch (schema.kind) {
      case SchemaKind::kStruct: return visit_struct(schema, value, path);
      case SchemaKind::kMap: return visit_map(schema, value, path);
      case SchemaKind::kList: return visit_list(schema, value, path);
      default: return visit_scalar(schema, value, path);
    }
  }

 private:
  static std::optional<std::string> wrong(const Value& value, const std::string& path,
                                          std::string_view type) {
    return fmt::format("json: cannot unmarshal {} into Go struct field {} of type {}",
                       json_kind(value), path, type);
  }

  std::optional<std::string> visit_struct(const Schema& schema, Value& value,
                                          const std::string& path) {
    if (!value.IsObject()) return wrong(value, path, schema.type_name);
    Value kept(rapidjson::kObjectType);
    for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member) {
      const SchemaField* field = schema.field(as_text(member->name));
      if (field == nullptr || member->value.IsNull()) continue;
      if (auto why = visit(*field->schema, member->value,
                           path.empty() ? field->name : path + "." + field->name)) {
        return why;
      }
      if (field->presence == Presence::kOmitted && is_zero(*field->schema, member->value)) continue;
      kept.AddMember(member->name, member->value, *allocator_);
    }
    add_always(schema, kept);
    value = std::move(kept);
    return std::nullopt;
  }

  void add_always(const Schema& schema, Value& value) {
    for (const SchemaField& field : schema.fields) {
      if (field.presence != Presence::kAlways || find(value, field.name) != nullptr) continue;
      switch (field.schema->kind) {
        case SchemaKind::kStruct:
          set(value, field.name, empty_object(*field.schema, *allocator_), *allocator_);
          break;
        case SchemaKind::kString: set_text(value, field.name, "", *allocator_); break;
        case SchemaKind::kInteger: set(value, field.name, Value(0), *allocator_); break;
        case SchemaKind::kBoolean: set(value, field.name, Value(false), *allocator_); break;
        case SchemaKind::kTime:
        case SchemaKind::kList: set(value, field.name, Value(), *allocator_); break;
        default: break;
      }
    }
  }

  std::optional<std::string> visit_map(const Schema& schema, Value& value,
                                       const std::string& path) {
    if (!value.IsObject()) return wrong(value, path, "map[string]" + schema.items->type_name);
    for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member) {
      if (member->value.IsNull()) zero(*schema.items, member->value);
      if (auto why = visit(*schema.items, member->value, path)) return why;
    }
    return std::nullopt;
  }

  std::optional<std::string> visit_list(const Schema& schema, Value& value,
                                        const std::string& path) {
    if (!value.IsArray()) return wrong(value, path, "[]" + schema.items->type_name);
    for (Value& item : value.GetArray()) {
      if (item.IsNull()) zero(*schema.items, item);
      if (auto why = visit(*schema.items, item, path)) return why;
    }
    return std::nullopt;
  }

  std::optional<std::string> visit_scalar(const Schema& schema, Value& value,
                                          const std::string& path) {
    switch (schema.kind) {
      case SchemaKind::kBoolean: return value.IsBool() ? std::nullopt : wrong(value, path, "bool");
      case SchemaKind::kInteger:
        if (!value.IsInt64()) return wrong(value, path, schema.type_name);
        if (schema.type_name == "int32" && !value.IsInt()) return wrong(value, path, "int32");
        return std::nullopt;
      case SchemaKind::kNumber:
        return value.IsNumber() ? std::nullopt : wrong(value, path, "float64");
      case SchemaKind::kString:
      case SchemaKind::kBytes:
        return value.IsString() ? std::nullopt : wrong(value, path, "string");
      case SchemaKind::kTime: return visit_time(value, path);
      case SchemaKind::kQuantity: return visit_quantity(value);
      case SchemaKind::kIntOrString:
        if (!value.IsString() && !value.IsInt64()) return wrong(value, path, "int32");
        return std::nullopt;
      default: return std::nullopt;
    }
  }

  static std::optional<std::string> visit_time(const Value& value, const std::string& path) {
    if (!value.IsString()) return wrong(value, path, "Time");
    if (base::parse_time(as_text(value))) return std::nullopt;
    return fmt::format(
        "parsing time \"\\\"{}\\\"\" as \"2006-01-02T15:04:05Z07:00\": cannot parse "
        "\"{}\" as \"2006\"",
        as_text(value), as_text(value));
  }

  std::optional<std::string> visit_quantity(Value& value) {
    const std::string text = value.IsString() ? std::string(as_text(value)) : write(value);
    const std::optional<std::string> canonical = canonical_quantity(text);
    if (!canonical) {
      return "quantities must match the regular expression "
             "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    }
    value = make_text(*canonical, *allocator_);
    return std::nullopt;
  }

  void zero(const Schema& schema, Value& value) {
    if (schema.kind == SchemaKind::kStruct) value = empty_object(schema, *allocator_);
    if (schema.kind == SchemaKind::kString) value = make_text("", *allocator_);
    if (schema.kind == SchemaKind::kQuantity) value = make_text("0", *allocator_);
  }

  // True if Go leaves out the value. A struct behind a pointer is written.
  static bool is_zero(const Schema& schema, const Value& value) {
    switch (schema.kind) {
      case SchemaKind::kBoolean: return !value.GetBool();
      case SchemaKind::kInteger: return value.GetInt64() == 0;
      case SchemaKind::kString:
      case SchemaKind::kBytes: return value.GetStringLength() == 0;
      case SchemaKind::kMap:
      case SchemaKind::kList: return is_empty(&value);
      default: return false;
    }
  }

  Allocator* allocator_;
};

}  // namespace

std::optional<std::string> conform(const Schema& schema, Value& value, Allocator& allocator) {
  return Conformer(allocator).visit(schema, value, "");
}

Value empty_object(const Schema& schema, Allocator& allocator) {
  Value value(rapidjson::kObjectType);
  Conformer(allocator).visit(schema, value, "");
  return value;
}

}  // namespace sim
