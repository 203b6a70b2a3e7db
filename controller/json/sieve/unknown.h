// unknown_members() finds the members of a JSON text that no field table names: members with a
// misspelled name, and members that this program does not support. It is pure and can be called on
// any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "json/fields.h"

namespace json {

template <class T>
struct UnknownMembers {
  static void find(View, const Path&, std::vector<std::string>&) {}  // a leaf
};

template <class T>
struct UnknownMembers<std::optional<T>> : UnknownMembers<T> {};

template <class T>
struct UnknownMembers<std::vector<T>> {
  static void find(View view, const Path& path, std::vector<std::string>& found) {
    if (view.kind() != Kind::kArray) return;
    for (std::size_t i = 0; i < view.size(); ++i) {
      UnknownMembers<T>::find(view.element(i), Path(path, i), found);
    }
  }
};

template <class T>
struct UnknownMembers<std::map<std::string, T>> {
  static void find(View view, const Path& path, std::vector<std::string>& found) {
    if (view.kind() != Kind::kObject) return;
    for (std::size_t i = 0; i < view.size(); ++i) {
      const Member member = view.member(i);
      UnknownMembers<T>::find(member.value, Path(path, member.name), found);
    }
  }
};

template <HasFields T>
struct UnknownMembers<T> {
  static void find(View view, const Path& path, std::vector<std::string>& found) {
    if (view.kind() != Kind::kObject) return;
    for (std::size_t i = 0; i < view.size(); ++i) {
      const Member member = view.member(i);
      const Path inner(path, member.name);
      const bool known = std::apply(
          [&](const auto&... entry) { return (descend(entry, member, inner, found) || ...); },
          Fields<T>::kTable);
      if (!known) found.push_back(inner.text());
    }
  }

 private:
  template <class Entry>
  static bool descend(const Entry& entry, const Member& member, const Path& path,
                      std::vector<std::string>& found) {
    if (entry.name != member.name) return false;
    using Value = std::remove_cvref_t<decltype(std::declval<T>().*entry.member)>;
    UnknownMembers<Value>::find(member.value, path, found);
    return true;
  }
};

// Returns the paths of the unknown members, in the order of the text.
template <class T>
std::vector<std::string> unknown_members(View view) {
  std::vector<std::string> found;
  UnknownMembers<T>::find(view, Path(), found);
  return found;
}

}  // namespace json
