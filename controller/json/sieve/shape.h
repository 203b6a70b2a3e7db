// A Shape lists the parts of a JSON text that a type reads; the sieve removes the others (sieve.h).
// It is derived from the type's field table, so that a new field is kept wherever the type is read.
// Shapes are constants and can be used on any thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "json/fields.h"

namespace json {

struct Shape {
  enum class Kind { kLeaf, kObject, kMap, kList };
  struct Member {
    std::string_view name;
    const Shape* shape;
  };

  Kind kind = Kind::kLeaf;
  std::vector<Member> members = {};                // kObject: the members that are kept
  std::span<const KeptKey> keys = {};              // kMap: the keys that are kept; empty: all
  const Shape* element = nullptr;                  // kMap, kList: shape of each element
  std::size_t element_bytes = 0;                   // kMap, kList: memory of a decoded element
  bool is_resource = false;                        // kObject: it is a Kubernetes object
  std::vector<std::unique_ptr<Shape>> owned = {};  // shapes of LimitedFields
};

template <class T>
const Shape& shape_of();

template <class T>
struct ShapeOf {
  static Shape make() { return {}; }  // a leaf
};

template <class T>
struct ShapeOf<std::optional<T>> : ShapeOf<T> {};

template <class T>
struct ShapeOf<std::vector<T>> {
  static Shape make() {
    Shape shape;
    shape.kind = Shape::Kind::kList;
    shape.element = &shape_of<T>();
    shape.element_bytes = sizeof(T);
    return shape;
  }
};

template <class T>
struct ShapeOf<std::map<std::string, T>> {
  static Shape make() {
    constexpr std::size_t kNode = 4 * sizeof(void*);
    Shape shape;
    shape.kind = Shape::Kind::kMap;
    shape.element = &shape_of<T>();
    shape.element_bytes = kNode + sizeof(std::string) + sizeof(T);
    return shape;
  }
};

template <HasFields T>
struct ShapeOf<T> {
  static Shape make() {
    Shape shape;
    shape.kind = Shape::Kind::kObject;
    shape.is_resource = requires(T value) {
      value.metadata.name;
      value.metadata.resource_version;
    };
    std::apply([&](const auto&... entry) { (add(shape, entry), ...); }, Fields<T>::kTable);
    return shape;
  }

 private:
  template <class Entry>
  static void add(Shape& shape, const Entry& entry) {
    using Value = std::remove_cvref_t<decltype(std::declval<T>().*entry.member)>;
    const Shape* member = &shape_of<Value>();
    if constexpr (requires { entry.keys; }) {
      auto limited = std::make_unique<Shape>(ShapeOf<Value>::make());
      limited->keys = entry.keys;
      member = limited.get();
      shape.owned.push_back(std::move(limited));
    }
    shape.members.push_back({entry.name, member});
  }
};

template <class T>
const Shape& shape_of() {
  static const Shape kShape = ShapeOf<T>::make();
  return kShape;
}

}  // namespace json
