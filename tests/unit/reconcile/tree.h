// Tree is a JSON value that tests take apart, change and print: for the patches of golden cases,
// for the result of server-side apply, and for readable differences. Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/fields.h"

namespace test {

struct Tree {
  json::Kind kind = json::Kind::kNull;
  std::string text;  // of a string: its content; of a number or bool: its JSON text
  std::vector<Tree> items;
  std::vector<std::pair<std::string, Tree>> members;

  Tree* find(std::string_view name);
  const Tree* find(std::string_view name) const;
  Tree& operator[](std::string_view name);  // adds an absent member; makes this an object

  bool operator==(const Tree&) const = default;
};

Tree string(std::string_view text);
Tree integer(std::int64_t value);
Tree object();
Tree list(std::vector<Tree> items = {});

// Both throw std::runtime_error if the text cannot be parsed.
Tree from_json(std::string text);
Tree from_yaml(std::string_view text);

std::string to_json(const Tree& tree);

// Returns YAML in block style with at most 100 columns. Equal values always give equal texts.
std::string to_yaml(const Tree& tree);

// Returns the key of the element if its list is merged by key: a port number, mount path, name or
// type. Returns "" for the elements of other lists.
std::string key_of(const Tree& element);

// Applies a JSON merge patch (RFC 7386). A list replaces a list. An object patches a list by the
// keys of its elements: {containers: {registry: {image: other}, sidecar: null}}.
Tree merged(Tree base, const Tree& patch);

// Returns the patch for merged() that makes `after` of `before`: an object without the members that
// are equal; for a list with keys a patch by keys, if that gives `after`, else `after` itself.
Tree patch_between(const Tree& before, const Tree& after);

// Returns whether the values are equal. The order of an object's members does not matter.
bool is_same(const Tree& a, const Tree& b);

// Returns the object after a server-side apply of `intent` by a manager that applied `last` before
// (KEP-555). Fields that left the intent are removed; fields that others added stay.
Tree applied(const Tree& last, const Tree& now, const Tree& intent);

// Returns the path of the first member that T's field table does not know; "" if there is none.
template <class T>
std::string unknown_member(const Tree& tree);

template <class T>
Tree tree_of(const T& value) {
  return from_json(json::encode(value));
}

// Throws std::runtime_error if the tree does not decode as a T, or has a member that T does not
// know.
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
