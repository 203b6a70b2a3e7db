#include "json/raw.h"

#include <algorithm>

namespace json {
namespace {

// Recursion is bounded by limits::kJsonDepth, which Document::parse enforces.
void write_canonical(Writer& writer, View view) {
  switch (view.kind()) {
    case Kind::kNull: return writer.null();
    case Kind::kBool: return writer.boolean(view.boolean());
    case Kind::kInteger: return writer.integer(view.integer());
    case Kind::kNumber: return writer.number(view.number());
    case Kind::kString: return writer.string(view.string());
    case Kind::kArray: {
      writer.begin_array();
      for (std::size_t i = 0; i < view.size(); ++i) write_canonical(writer, view.element(i));
      return writer.end_array();
    }
    case Kind::kObject: {
      std::vector<Member> members;
      for (std::size_t i = 0; i < view.size(); ++i) members.push_back(view.member(i));
      // The sort is stable, so that of two members with the same name the last one still wins.
      std::stable_sort(members.begin(), members.end(),
                       [](const Member& a, const Member& b) { return a.name < b.name; });
      writer.begin_object();
      for (const Member& member : members) {
        writer.key(member.name);
        write_canonical(writer, member.value);
      }
      return writer.end_object();
    }
  }
}

// Returns true for a value that the API server does not store: null and, for typed fields, an empty
// list.
bool is_dropped(View wanted) {
  return wanted.kind() == Kind::kNull || (wanted.kind() == Kind::kArray && wanted.size() == 0);
}

bool covers(View wanted, View actual) {
  if (wanted.kind() == Kind::kObject && actual.kind() == Kind::kObject) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Member member = wanted.member(i);
      const auto found = actual.find(member.name);
      if (found ? !covers(member.value, *found) : !is_dropped(member.value)) return false;
    }
    return true;
  }
  if (wanted.kind() == Kind::kArray && actual.kind() == Kind::kArray) {
    if (wanted.size() != actual.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!covers(wanted.element(i), actual.element(i))) return false;
    }
    return true;
  }
  return canonical(wanted) == canonical(actual);
}

}  // namespace

std::string canonical(View view) {
  Writer writer;
  write_canonical(writer, view);
  return writer.take();
}

bool Leaf<Raw>::read(View view, Raw& out) {
  out.text = canonical(view);
  return true;
}

bool Leaf<Raw>::same(const Raw& wanted, const Raw& actual) {
  if (wanted.text == actual.text) return true;
  if (wanted.text == "null" || actual.text.empty()) {
    return wanted.text == "null" && actual.text.empty();
  }
  const auto want = Document::parse(wanted.text);
  const auto have = Document::parse(actual.text);
  return want && have && covers(want->root(), have->root());
}

}  // namespace json
