// This file builds the schemas: those of Kubernetes' own types from types/kubernetes.txt, and that
// of the custom resource from its CRD.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "json/text/yaml.h"
#include "sim/schema.h"

namespace sim {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

void sort_fields(Schema& schema) {
  std::sort(schema.fields.begin(), schema.fields.end(),
            [](const SchemaField& a, const SchemaField& b) { return a.name < b.name; });
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

class Types {
 public:
  Types() {
    read_types(read_file(std::string(SOURCE_DIR) + "/tests/sim/types/kubernetes.txt"));
    const std::string crd =
        read_file(std::string(SOURCE_DIR) + "/crds/localregistries.localregistry.dev.yaml");
    const base::Result<std::string> json = json::from_yaml(crd);
    if (!json) throw std::runtime_error(base::to_string(json.error()));
    Document document;
    document.Parse(json->c_str());
    const Value& version = (*find(document, {"spec", "versions"}))[0];
    custom_resource(*find(version, {"schema", "openAPIV3Schema"}));
  }

  const Schema& get(std::string_view name) const {
    const auto found = named_.find(name);
    if (found == named_.end()) throw std::runtime_error("no type " + std::string(name));
    return *found->second;
  }

 private:
  Schema& make() { return *all_.emplace_back(std::make_unique<Schema>()); }

  Schema& named(const std::string& name) {
    Schema*& schema = named_[name];
    if (schema == nullptr) {
      schema = &make();
      schema->kind = SchemaKind::kStruct;
      schema->type_name = name;
    }
    return *schema;
  }

  void read_types(const std::string& text) {
    Schema* type = nullptr;
    for (const std::string& line : split(text, '\n')) {
      if (!line.starts_with(" ")) {
        type = &named(line);
        continue;
      }
      type->fields.push_back(read_field(split(std::string_view(line).substr(2), ' ')));
    }
    for (const auto& [name, schema] : named_) sort_fields(*schema);
  }

  SchemaField read_field(std::vector<std::string> words) {
    SchemaField field;
    field.name = words.front();
    if (field.name.ends_with('*')) field.presence = Presence::kAlways;
    if (field.name.ends_with('?')) field.presence = Presence::kPointer;
    if (field.presence != Presence::kOmitted) field.name.pop_back();
    if (words.back().starts_with('=')) {
      field.default_text = words.back().substr(1);
      words.pop_back();
    }
    field.schema = &read_type(words, 1);
    return field;
  }

  Schema& read_type(const std::vector<std::string>& words, std::size_t at) {
    const std::string& word = words[at];
    const bool last = at + 1 == words.size();
    if (last && std::isupper(static_cast<unsigned char>(word.front())) != 0) return named(word);
    if (last) return scalar(word);
    if (word == "atomic") return atomic(read_type(words, at + 1));
    Schema& schema = make();
    schema.kind = word == "map" ? SchemaKind::kMap : SchemaKind::kList;
    if (word == "set") schema.list = ListKind::kSet;
    if (word.starts_with("keyed(")) {
      schema.list = ListKind::kKeyed;
      schema.keys = split(std::string_view(word).substr(6, word.size() - 7), ',');
      std::sort(schema.keys.begin(), schema.keys.end());
    }
    schema.items = &read_type(words, at + 1);
    return schema;
  }

  // Marks the type as owned as a whole. The file may list its fields later.
  Schema& atomic(Schema& whole) {
    whole.atomic = true;
    return whole;
  }

  Schema& scalar(const std::string& word) {
    static const std::map<std::string, SchemaKind, std::less<>> kinds = {
        {"boolean", SchemaKind::kBoolean},
        {"int32", SchemaKind::kInteger},
        {"int64", SchemaKind::kInteger},
        {"number", SchemaKind::kNumber},
        {"double", SchemaKind::kNumber},
        {"string", SchemaKind::kString},
        {"time", SchemaKind::kTime},
        {"quantity", SchemaKind::kQuantity},
        {"intOrString", SchemaKind::kIntOrString},
        {"bytes", SchemaKind::kBytes},
        {"any", SchemaKind::kAny}};
    Schema& schema = make();
    schema.kind = kinds.at(word);
    schema.type_name = word;
    return schema;
  }

  void custom_resource(const Value& root) {
    Schema& schema = custom(root);
    schema.type_name = "LocalRegistry";
    for (SchemaField& field : schema.fields) {
      if (field.name != "metadata") continue;
      field.schema = &named("ObjectMeta");
      field.presence = Presence::kAlways;
    }
    named_["LocalRegistry"] = &schema;
  }

  Schema& custom(const Value& openapi) {
    Schema& schema = make();
    const std::string_view type = text_at(openapi, {"type"});
    schema.type_name = type;
    if (find(openapi, "x-kubernetes-int-or-string") != nullptr) {
      schema.kind = SchemaKind::kIntOrString;
    } else if (type == "object") {
      custom_object(schema, openapi);
    } else if (type == "array") {
      custom_list(schema, openapi);
    } else {
      schema.kind = type == "boolean"   ? SchemaKind::kBoolean
                    : type == "integer" ? SchemaKind::kInteger
                    : type == "number"  ? SchemaKind::kNumber
                                        : SchemaKind::kString;
    }
    schema.checks = constraints(openapi);
    return schema;
  }

  void custom_object(Schema& schema, const Value& openapi) {
    schema.kind = SchemaKind::kStruct;
    schema.atomic = text_at(openapi, {"x-kubernetes-map-type"}) == "atomic";
    if (const Value* values = find(openapi, "additionalProperties")) {
      schema.kind = SchemaKind::kMap;
      schema.items = &custom(*values);
      return;
    }
    const Value* properties = find(openapi, "properties");
    if (properties == nullptr) return;
    for (auto one = properties->MemberBegin(); one != properties->MemberEnd(); ++one) {
      SchemaField field;
      field.name = as_text(one->name);
      field.schema = &custom(one->value);
      schema.fields.push_back(std::move(field));
    }
    sort_fields(schema);
  }

  void custom_list(Schema& schema, const Value& openapi) {
    schema.kind = SchemaKind::kList;
    const std::string_view kept = text_at(openapi, {"x-kubernetes-list-type"});
    schema.list = kept == "map"   ? ListKind::kKeyed
                  : kept == "set" ? ListKind::kSet
                                  : ListKind::kAtomic;
    if (const Value* keys = find(openapi, "x-kubernetes-list-map-keys")) {
      for (const Value& key : keys->GetArray()) schema.keys.emplace_back(as_text(key));
    }
    schema.items = &custom(*find(openapi, "items"));
  }

  static std::unique_ptr<Constraints> constraints(const Value& openapi) {
    auto checks = std::make_unique<Constraints>();
    const std::pair<const char*, std::optional<std::int64_t>*> numbers[] = {
        {"minimum", &checks->minimum},
        {"maximum", &checks->maximum},
        {"minLength", &checks->min_length},
        {"maxLength", &checks->max_length},
        {"minItems", &checks->min_items},
        {"maxItems", &checks->max_items},
        {"maxProperties", &checks->max_properties}};
    for (const auto& [name, number] : numbers) {
      if (const Value* found = find(openapi, name)) *number = found->GetInt64();
    }
    checks->format = text_at(openapi, {"format"});
    const std::pair<const char*, std::vector<std::string>*> lists[] = {
        {"enum", &checks->enumeration}, {"required", &checks->required}};
    for (const auto& [name, list] : lists) {
      const Value* found = find(openapi, name);
      if (found == nullptr) continue;
      for (const Value& one : found->GetArray()) list->emplace_back(as_text(one));
    }
    if (const Value* pattern = find(openapi, "pattern")) {
      checks->pattern = std::make_unique<Pattern>(std::string(as_text(*pattern)));
    }
    if (const Value* value = find(openapi, "default")) {
      checks->default_value = std::make_unique<Document>();
      checks->default_value->CopyFrom(*value, checks->default_value->GetAllocator());
    }
    if (const Value* rules = find(openapi, "x-kubernetes-validations")) {
      for (const Value& rule : rules->GetArray()) {
        checks->rules.push_back({std::string(text_at(rule, {"rule"})),
                                 std::string(text_at(rule, {"message"})),
                                 std::string(text_at(rule, {"fieldPath"})),
                                 find(rule, "messageExpression") != nullptr});
      }
    }
    return checks;
  }

  std::vector<std::unique_ptr<Schema>> all_;
  std::map<std::string, Schema*, std::less<>> named_;
};

}  // namespace

const Schema& schema_of(std::string_view type) {
  static const Types types;
  return types.get(type);
}

}  // namespace sim
