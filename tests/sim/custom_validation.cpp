// This file validates custom resources: first against their structural schema, and then against the
// CEL rules, which are checked only if the structural schema reports no blocking error.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/time.h"
#include "sim/validation.h"

namespace sim {
namespace {

std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::string indexed(const std::string& path, rapidjson::SizeType index) {
  return fmt::format("{}[{}]", path, index);
}

// Returns what the error of a rule shows instead of the value: the type in the schema.
std::string shown(const Schema& schema) {
  if (schema.kind == SchemaKind::kIntOrString) return "\"\"";
  return schema.is_map() ? "\"object\"" : '"' + schema.type_name + '"';
}

std::string kind_of(const Value& value) {
  if (value.IsString()) return "string";
  if (value.IsBool()) return "boolean";
  if (value.IsInt64()) return "integer";
  if (value.IsNumber()) return "number";
  if (value.IsNull()) return "null";
  return value.IsArray() ? "array" : "object";
}

class Validator {
 public:
  Causes causes;

  void visit(const Schema& schema, const Value& value, const std::string& path) {
    if (!is_of_type(schema, value)) return wrong_type(schema, value, path);
    if (schema.checks) check(*schema.checks, value, path);
    if (value.IsArray()) return visit_list(schema, value, path);
    if (!value.IsObject()) return;
    for (auto one = value.MemberBegin(); one != value.MemberEnd(); ++one) {
      const bool is_map = schema.kind == SchemaKind::kMap;
      const SchemaField* field = is_map ? nullptr : schema.field(as_text(one->name));
      const Schema* type = is_map ? schema.items : (field == nullptr ? nullptr : field->schema);
      if (type == nullptr || type->type_name == "ObjectMeta") continue;
      visit(*type, one->value, join(path, as_text(one->name)));
    }
  }

  void rules(const Schema& schema, const Value& value, const std::string& path) {
    if (schema.checks) {
      for (const CustomRule& rule : schema.checks->rules) {
        if (holds(rule, value).value_or(true)) continue;
        const std::string said = message_of(rule, value);
        causes.push_back(invalid_value(path + rule.field_path, shown(schema),
                                       said.empty() ? rule.message : said));
      }
    }
    if (value.IsArray()) {
      for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
        rules(*schema.items, value[i], indexed(path, i));
      }
    }
    if (!value.IsObject()) return;
    for (auto one = value.MemberBegin(); one != value.MemberEnd(); ++one) {
      const bool is_map = schema.kind == SchemaKind::kMap;
      const SchemaField* field = is_map ? nullptr : schema.field(as_text(one->name));
      const Schema* type = is_map ? schema.items : (field == nullptr ? nullptr : field->schema);
      if (type == nullptr || type->type_name == "ObjectMeta") continue;
      rules(*type, one->value,
            is_map ? fmt::format("{}[{}]", path, as_text(one->name))
                   : join(path, as_text(one->name)));
    }
  }

 private:
  static bool is_of_type(const Schema& schema, const Value& value) {
    switch (schema.kind) {
      case SchemaKind::kBoolean: return value.IsBool();
      case SchemaKind::kInteger:
        return value.IsInt64() ||
               (value.IsDouble() &&
                value.GetDouble() == static_cast<double>(static_cast<long>(value.GetDouble())));
      case SchemaKind::kString: return value.IsString();
      case SchemaKind::kIntOrString: return value.IsString() || value.IsInt64();
      case SchemaKind::kList: return value.IsArray();
      case SchemaKind::kStruct:
      case SchemaKind::kMap: return value.IsObject();
      default: return true;
    }
  }

  void wrong_type(const Schema& schema, const Value& value, const std::string& path) {
    const std::string wanted = schema.kind == SchemaKind::kIntOrString ? "integer,string"
                               : schema.is_map()                       ? "object"
                                                                       : schema.type_name;
    const std::string got = kind_of(value);
    causes.push_back({"FieldValueTypeInvalid",
                      fmt::format("Invalid value: \"{}\": {} in body must be of type {}: \"{}\"",
                                  got, path, wanted, got),
                      path});
  }

  void check(const Constraints& checks, const Value& value, const std::string& path) {
    if (value.IsString()) check_text(checks, value, path);
    if (value.IsNumber()) check_number(checks, value, path);
    if (value.IsArray()) {
      const auto size = static_cast<std::int64_t>(value.Size());
      if (checks.max_items && size > *checks.max_items) too_many(path, *checks.max_items, size);
      if (checks.min_items && size < *checks.min_items) {
        causes.push_back(invalid_value(
            path, fmt::format("{}", size),
            fmt::format("{} in body should have at least {} items", path, *checks.min_items)));
      }
    }
    if (!value.IsObject()) return;
    const auto size = static_cast<std::int64_t>(value.MemberCount());
    if (checks.max_properties && size > *checks.max_properties) {
      too_many(path, *checks.max_properties, size);
    }
    for (const std::string& name : checks.required) {
      if (find(value, name) == nullptr) causes.push_back(required_value(join(path, name)));
    }
  }

  void check_text(const Constraints& checks, const Value& value, const std::string& path) {
    const std::string_view text = as_text(value);
    const auto characters = static_cast<std::int64_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    if (checks.max_length && characters > *checks.max_length) {
      causes.push_back({"FieldValueTooLong",
                        fmt::format("Too long: may not be more than {} bytes", *checks.max_length),
                        path});
    }
    if (checks.min_length && characters < *checks.min_length) {
      causes.push_back(invalid_value(
          path, quoted(text),
          fmt::format("{} in body should be at least {} chars long", path, *checks.min_length)));
    }
    if (checks.pattern && !checks.pattern->matches(text)) {
      causes.push_back(
          invalid_value(path, quoted(text),
                        fmt::format("{} in body should match '{}'", path, checks.pattern->text())));
    }
    const auto& allowed = checks.enumeration;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
      causes.push_back(unsupported_value(path, quoted(text), allowed));
    }
    if (checks.format == "date-time" && !base::parse_time(text)) {
      causes.push_back(invalid_value(
          path, quoted(text),
          fmt::format("{} in body must be of type date-time: {}", path, quoted(text))));
    }
  }

  void check_number(const Constraints& checks, const Value& value, const std::string& path) {
    const double number = value.GetDouble();
    if (checks.maximum && number > static_cast<double>(*checks.maximum)) {
      causes.push_back(invalid_value(
          path, write(value),
          fmt::format("{} in body should be less than or equal to {}", path, *checks.maximum)));
    }
    if (checks.minimum && number < static_cast<double>(*checks.minimum)) {
      causes.push_back(invalid_value(
          path, write(value),
          fmt::format("{} in body should be greater than or equal to {}", path, *checks.minimum)));
    }
  }

  void too_many(const std::string& path, std::int64_t max, std::int64_t size) {
    causes.push_back({"FieldValueTooMany",
                      fmt::format("Too many: {}: must have at most {} items", size, max), path});
  }

  void visit_list(const Schema& schema, const Value& value, const std::string& path) {
    std::vector<std::string> seen;
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      visit(*schema.items, value[i], indexed(path, i));
      if (schema.list == ListKind::kAtomic) continue;
      const std::optional<std::string> element = element_of(schema, value[i]);
      if (!element) continue;
      if (std::find(seen.begin(), seen.end(), *element) != seen.end()) {
        causes.push_back(duplicate_value(indexed(path, i), element->substr(2)));
      }
      seen.push_back(*element);
    }
  }
};

}  // namespace

Causes validate_custom(const Schema& schema, const Value& object) {
  Validator validator;
  validator.visit(schema, object, "");
  const bool blocked =
      std::any_of(validator.causes.begin(), validator.causes.end(), [](const Cause& cause) {
        return cause.reason != "FieldValueDuplicate" && cause.reason != "FieldValueInvalid";
      });
  if (!blocked) {
    validator.rules(schema, object, "");
  } else {
    validator.causes.push_back(
        invalid_value("<nil>", "null",
                      "some validation rules were not checked because the object was invalid; "
                      "correct the existing errors to complete validation"));
  }
  return std::move(validator.causes);
}

}  // namespace sim
