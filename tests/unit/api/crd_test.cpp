// The CRD and the types of this project have the same fields: a field that only the CRD has would
// be accepted and ignored, and one that only the type has would be dropped by the API server.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "api/local_registry.h"
#include "json/shape.h"
#include "json/value.h"
#include "json/yaml.h"

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

Paths schema_of(const std::string& name, const Paths& opaque) {
  const std::ifstream file(std::string(SOURCE_DIR) +
                           "/crds/localregistries.localregistry.dev.yaml");
  std::ostringstream text;
  text << file.rdbuf();
  const auto crd = json::Document::parse(*json::from_yaml(text.str()));
  const json::View version = crd->root().find("spec")->find("versions")->element(0);
  const json::View whole = *version.find("schema")->find("openAPIV3Schema")->find("properties");
  Paths paths;
  add_schema(*whole.find(name), name, opaque, paths);
  return paths;
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

}  // namespace
}  // namespace api
