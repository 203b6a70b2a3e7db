// A JSON value that tests take apart, change and print: patches of golden cases, what server-side
// apply makes of an object, readable differences. Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/fields.h"

namespace test {

struct Tree {
  json::Kind kind = json::Kind::kNull;
  std::string text;  // of a string: what it says; of a number or a bool: how it is written
  std::vector<Tree> items;
  std::vector<std::pair<std::string, Tree>> members;

  Tree* find(std::string_view name);
  const Tree* find(std::string_view name) const;
  Tree& operator[](std::string_view name);  // added when absent; makes this an object

  bool operator==(const Tree&) const = default;
};

Tree string(std::string_view text);
Tree integer(std::int64_t value);
Tree object();
Tree list(std::vector<Tree> items = {});

// Throws std::runtime_error for what cannot be read.
Tree from_json(std::string text);
Tree from_yaml(std::string_view text);

std::string to_json(const Tree& tree);

// Block style, one way to write each value, at most 100 columns: texts compare as values do.
std::string to_yaml(const Tree& tree);

// The element's key in a list that is merged by one: a port number, a mount path, a name, a type.
// Empty for the elements of any other list.
std::string key_of(const Tree& element);

// JSON merge patch (RFC 7386). A list is replaced by a list; an object as the patch of a list
// names its elements by their keys: {containers: {registry: {image: other}, sidecar: null}}.
Tree merged(Tree base, const Tree& patch);

// What the server has after an apply of intent, where the same manager applied `last` before: what
// left the intent is gone, what others added stays (KEP-555).
Tree applied(const Tree& last, const Tree& now, const Tree& intent);

// The path of the first member that T's table does not know; empty when there is none.
template <class T>
std::string unknown_member(const Tree& tree);

template <class T>
Tree tree_of(const T& value) {
  return from_json(json::encode(value));
}

// Throws std::runtime_error when the tree is no T, or says more than T has fields for.
template <class T>
T decoded(const Tree& tree);

}  // namespace test

namespace test::detail {

[[noreturn]] void fail(const std::string& why);

template <class T>
struct Known {
  static std::string check(const Tree&, const std::string&) { return ""; }  // a leaf
};

template <class T>
struct Known<std::optional<T>> : Known<T> {};

template <class T>
struct Known<std::vector<T>> {
  static std::string check(const Tree& tree, const std::string& path) {
    for (std::size_t i = 0; i < tree.items.size(); ++i) {
      const std::string found =
          Known<T>::check(tree.items[i], path + "[" + std::to_string(i) + "]");
      if (!found.empty()) return found;
    }
    return "";
  }
};

template <class T>
struct Known<std::map<std::string, T>> {
  static std::string check(const Tree& tree, const std::string& path) {
    for (const auto& [name, member] : tree.members) {
      const std::string found = Known<T>::check(member, path + "[" + name + "]");
      if (!found.empty()) return found;
    }
    return "";
  }
};

template <json::HasFields T>
struct Known<T> {
  static std::string check(const Tree& tree, const std::string& path) {
    for (const auto& [name, member] : tree.members) {
      const std::string at = path + "." + name;
      std::string found = at;
      std::apply([&](const auto&... field) { (look(field, name, member, at, found), ...); },
                 json::Fields<T>::kTable);
      if (!found.empty()) return found;
    }
    return "";
  }

  template <class Field>
  static void look(const Field& field, const std::string& name, const Tree& member,
                   const std::string& at, std::string& found) {
    if (field.name != name) return;
    found =
        Known<std::remove_cvref_t<decltype(std::declval<T>().*field.member)>>::check(member, at);
  }
};

}  // namespace test::detail

namespace test {

template <class T>
std::string unknown_member(const Tree& tree) {
  return detail::Known<T>::check(tree, "");
}

template <class T>
T decoded(const Tree& tree) {
  const std::string unknown = unknown_member<T>(tree);
  if (!unknown.empty()) detail::fail("no such field: " + unknown);
  base::Result<T> value = json::parse<T>(to_json(tree));
  if (!value) detail::fail(value.error().message);
  return *std::move(value);
}

}  // namespace test
