// The CRD and the types of this project have the same fields and default values: a field that only
// the CRD has would be accepted and ignored, and one that only the type has would be dropped by the
// API server.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "api/local_registry.h"
#include "json/fields.h"
#include "json/sieve/shape.h"
#include "json/text/yaml.h"
#include "json/value.h"

namespace api {
namespace {

using Paths = std::set<std::string>;

// Collects the paths of the fields that a type reads. A field of one JSON value ends a path.
void add_fields(const json::Shape& shape, const std::string& path, Paths& paths) {
  paths.insert(path);
  if (shape.kind == json::Shape::Kind::kList) return add_fields(*shape.element, path, paths);
  for (const json::Shape::Member& member : shape.members) {
    add_fields(*member.shape, path + "." + std::string(member.name), paths);
  }
}

template <class T>
Paths fields_of(const std::string& name) {
  Paths paths;
  add_fields(json::shape_of<T>(), name, paths);
  return paths;
}

bool is_below(const std::string& path, const std::string& parent) {
  return path.starts_with(parent + ".");
}

// Collects the paths of a schema. `opaque`: fields whose content the operator passes on unread.
void add_schema(json::View schema, const std::string& path, const Paths& opaque, Paths& paths) {
  paths.insert(path);
  if (opaque.contains(path)) return;
  if (const auto items = schema.find("items")) return add_schema(*items, path, opaque, paths);
  const auto properties = schema.find("properties");
  for (std::size_t i = 0; properties && i < properties->size(); ++i) {
    const json::Member member = properties->member(i);
    add_schema(member.value, path + "." + std::string(member.name), opaque, paths);
  }
}

base::Result<json::Document> read_crd() {
  const std::ifstream file(std::string(SOURCE_DIR) +
                           "/crds/localregistries.localregistry.dev.yaml");
  std::ostringstream text;
  text << file.rdbuf();
  return json::Document::parse(*json::from_yaml(text.str()));
}

// Returns the schema of `name`: spec or status.
json::View schema_in(const json::Document& crd, const std::string& name) {
  const json::View version = crd.root().find("spec")->find("versions")->element(0);
  return *version.find("schema")->find("openAPIV3Schema")->find("properties")->find(name);
}

Paths schema_of(const std::string& name, const Paths& opaque) {
  const auto crd = read_crd();
  Paths paths;
  add_schema(schema_in(*crd, name), name, opaque, paths);
  return paths;
}

using Values = std::map<std::string, std::string>;  // JSON by path

std::string text_of(json::View value) {
  json::Writer writer;
  switch (value.kind()) {
    case json::Kind::kBool: return value.boolean() ? "true" : "false";
    case json::Kind::kInteger: return std::to_string(value.integer());
    case json::Kind::kString: writer.string(value.string()); return writer.take();
    default: ADD_FAILURE() << "no scalar"; return "";
  }
}

// Collects the default values of the fields that have no fields of their own.
void add_defaults(json::View schema, const std::string& path, Values& values) {
  const auto properties = schema.find("properties");
  if (const auto value = schema.find("default"); value && !properties) {
    values[path] = text_of(*value);
  }
  for (std::size_t i = 0; properties && i < properties->size(); ++i) {
    const json::Member member = properties->member(i);
    const std::string name(member.name);
    add_defaults(member.value, path.empty() ? name : path + "." + name, values);
  }
}

// Collects the values of an object that are no objects.
void add_values(json::View object, const std::string& path, Values& values) {
  for (std::size_t i = 0; i < object.size(); ++i) {
    const json::Member member = object.member(i);
    const std::string name =
        path.empty() ? std::string(member.name) : path + "." + std::string(member.name);
    if (member.value.kind() == json::Kind::kObject) {
      add_values(member.value, name, values);
    } else {
      values[name] = text_of(member.value);
    }
  }
}

// Returns an object with that value only.
std::string object_with(const std::string& path, const std::string& value) {
  const std::size_t dot = path.find('.');
  if (dot == std::string::npos) return "{\"" + path + "\":" + value + "}";
  return "{\"" + path.substr(0, dot) + "\":" + object_with(path.substr(dot + 1), value) + "}";
}

TEST(CustomResourceDefinition, HasTheFieldsOfTheSpecAndNoOthers) {
  const Paths opaque = {"spec.affinity"};
  const Paths schema = schema_of("spec", opaque);
  EXPECT_EQ(schema, fields_of<LocalRegistrySpec>("spec"));
  EXPECT_TRUE(schema.contains("spec.tolerations.tolerationSeconds")) << "the search ends too early";
  EXPECT_FALSE(std::ranges::any_of(
      schema, [](const std::string& path) { return is_below(path, "spec.affinity"); }));
}

TEST(CustomResourceDefinition, HasTheFieldsOfTheStatusAndNoOthers) {
  EXPECT_EQ(schema_of("status", {}), fields_of<LocalRegistryStatus>("status"));
}

TEST(CustomResourceDefinition, HasTheDefaultValuesOfTheSpecAndNoOthers) {
  const auto crd = read_crd();
  Values defaults;
  add_defaults(schema_in(*crd, "spec"), "", defaults);
  EXPECT_TRUE(defaults.contains("persistence.size")) << "the search ends too early";
  for (const auto& [path, value] : defaults) {
    EXPECT_EQ(*json::parse<LocalRegistrySpec>(object_with(path, value)), LocalRegistrySpec())
        << path;
  }
  const auto encoded = json::Document::parse(json::encode(LocalRegistrySpec()));
  Values values;
  add_values(encoded->root(), "", values);
  EXPECT_FALSE(values.empty());
  for (const auto& [path, value] : values) EXPECT_EQ(defaults[path], value) << path;
}

}  // namespace
}  // namespace api
