#include "unit/reconcile/tree.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

#include "json/text/yaml.h"

namespace test {
namespace {

using json::Kind;

constexpr std::size_t kColumns = 98;

Tree copy(json::View view) {
  Tree tree;
  tree.kind = view.kind();
  switch (view.kind()) {
    case Kind::kNull: break;
    case Kind::kBool: tree.text = view.boolean() ? "true" : "false"; break;
    case Kind::kInteger: tree.text = std::to_string(view.integer()); break;
    case Kind::kNumber: {
      json::Writer writer;
      writer.number(view.number());
      tree.text = writer.take();
      break;
    }
    case Kind::kString: tree.text = view.string(); break;
    case Kind::kArray:
      for (std::size_t i = 0; i < view.size(); ++i) tree.items.push_back(copy(view.element(i)));
      break;
    case Kind::kObject:
      for (std::size_t i = 0; i < view.size(); ++i) {
        tree.members.emplace_back(view.member(i).name, copy(view.member(i).value));
      }
      break;
  }
  return tree;
}

void write(json::Writer& writer, const Tree& tree) {
  switch (tree.kind) {
    case Kind::kNull: return writer.null();
    case Kind::kBool:
    case Kind::kInteger:
    case Kind::kNumber: return writer.raw(tree.text);
    case Kind::kString: return writer.string(tree.text);
    case Kind::kArray:
      writer.begin_array();
      for (const Tree& item : tree.items) write(writer, item);
      return writer.end_array();
    case Kind::kObject:
      writer.begin_object();
      for (const auto& [name, member] : tree.members) {
        writer.key(name);
        write(writer, member);
      }
      return writer.end_object();
  }
}

bool is_plain(const std::string& text) {
  static constexpr std::array<std::string_view, 4> kWords = {"true", "false", "null", "absent"};
  const auto first = static_cast<unsigned char>(text.empty() ? '?' : text.front());
  if (std::isalpha(first) == 0 && text.front() != '/') return false;
  if (std::find(kWords.begin(), kWords.end() - 1, text) != kWords.end() - 1) return false;
  return text.find(": ") == std::string::npos && text.find(" #") == std::string::npos &&
         text.find_first_of("\n\"\\\t") == std::string::npos && text.back() != ':' &&
         text.back() != ' ';
}

std::string scalar(const Tree& tree) {
  if (tree.kind != Kind::kString || !is_plain(tree.text)) return to_json(tree);
  return tree.text;
}

// Returns the text as a folded scalar (">-"), wrapped at kColumns.
std::string folded(const std::string& text, const std::string& indent) {
  std::string out = ">-";
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t length = text.size() - at;
    if (indent.size() + length > kColumns) {
      const std::size_t space = text.rfind(' ', at + kColumns - indent.size());
      length = space == std::string::npos || space <= at ? text.find(' ', at) - at : space - at;
      length = std::min(length, text.size() - at);
    }
    out += "\n" + indent + text.substr(at, length);
    at += length + 1;
  }
  return out;
}

bool can_fold(const std::string& text) {
  return text.find('\n') == std::string::npos && text.find("  ") == std::string::npos &&
         text.front() != ' ' && text.back() != ' ';
}

void print(std::string& out, const Tree& tree, const std::string& indent);

// Prints the value after "name:" or "-". `used`: columns of the line that are taken already.
void print_value(std::string& out, const Tree& tree, const std::string& indent, std::size_t used) {
  const bool is_block = !tree.items.empty() || !tree.members.empty();
  if (is_block) {
    print(out, tree, indent);
    return;
  }
  if (tree.kind == Kind::kArray || tree.kind == Kind::kObject) {
    out += tree.kind == Kind::kArray ? " []\n" : " {}\n";
    return;
  }
  const std::string text = scalar(tree);
  const bool is_long = used + text.size() > kColumns && tree.kind == Kind::kString;
  out += " " + (is_long && can_fold(tree.text) ? folded(tree.text, indent) : text) + "\n";
}

void print(std::string& out, const Tree& tree, const std::string& indent) {
  if (!out.empty() && out.back() != '\n' && out.back() != ' ') out += "\n";
  for (const auto& [name, member] : tree.members) {
    if (out.empty() || out.back() == '\n') out += indent;
    out += name + ":";
    const bool is_list = member.kind == Kind::kArray;
    print_value(out, member, is_list ? indent : indent + "  ", indent.size() + name.size() + 2);
  }
  for (const Tree& item : tree.items) {
    out += indent + "-";
    if (!item.members.empty()) out += " ";
    print_value(out, item, indent + "  ", indent.size() + 2);
  }
}

bool is_object(const Tree& tree) { return tree.kind == Kind::kObject; }

Tree merged_list(Tree base, const Tree& patch) {
  for (const auto& [key, change] : patch.members) {
    const auto found = std::find_if(base.items.begin(), base.items.end(),
                                    [&](const Tree& item) { return key_of(item) == key; });
    if (change.kind == Kind::kNull) {
      if (found != base.items.end()) base.items.erase(found);
    } else if (found != base.items.end()) {
      *found = merged(std::move(*found), change);
    } else {
      base.items.push_back(merged(object(), change));
    }
  }
  return base;
}

const Tree* find_item(const Tree* tree, const std::string& key) {
  if (tree == nullptr) return nullptr;
  for (const Tree& item : tree->items) {
    if (key_of(item) == key) return &item;
  }
  return nullptr;
}

// Returns what remains of `now` once the manager no longer applies `last`; null if nothing remains.
Tree abandoned(const Tree& last, const Tree& now) {
  if (!is_object(last) || !is_object(now)) return {};
  Tree left = object();
  for (const auto& [name, member] : now.members) {
    const Tree* before = last.find(name);
    Tree rest = before == nullptr ? member : abandoned(*before, member);
    if (rest.kind != Kind::kNull) left.members.emplace_back(name, std::move(rest));
  }
  return left.members.empty() ? Tree() : left;
}

Tree applied_list(const Tree& last, const Tree& now, const Tree& intent) {
  Tree result = list();
  for (const Tree& item : now.items) {
    const std::string key = key_of(item);
    if (const Tree* wanted = find_item(&intent, key)) {
      const Tree* before = find_item(&last, key);
      result.items.push_back(applied(before == nullptr ? object() : *before, item, *wanted));
    } else if (find_item(&last, key) == nullptr) {
      result.items.push_back(item);
    }
  }
  for (const Tree& wanted : intent.items) {
    if (find_item(&now, key_of(wanted)) == nullptr) result.items.push_back(wanted);
  }
  return result;
}

bool is_keyed(const Tree& tree) { return !tree.items.empty() && !key_of(tree.items[0]).empty(); }

// Returns the patch of a list by the keys of its elements. It may give another order than `after`.
Tree list_patch(const Tree& before, const Tree& after) {
  Tree patch = object();
  for (const Tree& item : before.items) {
    if (find_item(&after, key_of(item)) == nullptr) patch[key_of(item)] = Tree();
  }
  for (const Tree& item : after.items) {
    const Tree* earlier = find_item(&before, key_of(item));
    if (earlier != nullptr && is_same(*earlier, item)) continue;
    patch[key_of(item)] = earlier == nullptr ? item : patch_between(*earlier, item);
  }
  return patch;
}

}  // namespace

namespace detail {

void fail(const std::string& why) { throw std::runtime_error(why); }

}  // namespace detail

Tree* Tree::find(std::string_view name) {
  for (auto& [key, member] : members) {
    if (key == name) return &member;
  }
  return nullptr;
}

const Tree* Tree::find(std::string_view name) const { return const_cast<Tree*>(this)->find(name); }

Tree& Tree::operator[](std::string_view name) {
  kind = Kind::kObject;
  if (Tree* found = find(name)) return *found;
  return members.emplace_back(name, Tree()).second;
}

Tree string(std::string_view text) { return {Kind::kString, std::string(text), {}, {}}; }
Tree integer(std::int64_t value) { return {Kind::kInteger, std::to_string(value), {}, {}}; }
Tree object() { return {Kind::kObject, "", {}, {}}; }
Tree list(std::vector<Tree> items) { return {Kind::kArray, "", std::move(items), {}}; }

Tree from_json(std::string text) {
  const auto document = json::Document::parse(std::move(text));
  if (!document) detail::fail(document.error().message);
  return copy(document->root());
}

Tree from_yaml(std::string_view text) {
  auto converted = json::from_yaml(text);
  if (!converted) detail::fail(converted.error().message);
  return from_json(*std::move(converted));
}

std::string to_json(const Tree& tree) {
  json::Writer writer;
  write(writer, tree);
  return writer.take();
}

std::string to_yaml(const Tree& tree) {
  std::string out;
  print(out, tree, "");
  return out;
}

std::string key_of(const Tree& element) {
  if (const Tree* metadata = element.find("metadata")) {
    const Tree* name = metadata->find("name");
    return name == nullptr ? "" : name->text;
  }
  for (const char* key : {"uid", "containerPort", "mountPath", "port", "name", "type"}) {
    const Tree* found = element.find(key);
    if (found != nullptr) return found->text;
  }
  return "";
}

Tree merged(Tree base, const Tree& patch) {
  if (!is_object(patch)) return patch;
  if (base.kind == Kind::kArray) return merged_list(std::move(base), patch);
  if (!is_object(base)) base = object();
  for (const auto& [name, change] : patch.members) {
    if (change.kind == Kind::kNull) {
      std::erase_if(base.members,
                    [&, key = name](const auto& entry) { return entry.first == key; });
    } else {
      Tree& member = base[name];
      member = merged(std::move(member), change);
    }
  }
  return base;
}

bool is_same(const Tree& a, const Tree& b) {
  if (a.kind != b.kind || a.text != b.text || a.members.size() != b.members.size()) return false;
  const auto has_member = [&](const auto& member) {
    const Tree* found = b.find(member.first);
    return found != nullptr && is_same(member.second, *found);
  };
  return std::ranges::equal(a.items, b.items, is_same) &&
         std::ranges::all_of(a.members, has_member);
}

Tree patch_between(const Tree& before, const Tree& after) {
  if (before.kind == Kind::kArray && is_keyed(before) && is_keyed(after)) {
    Tree patch = list_patch(before, after);
    return is_same(merged(before, patch), after) ? patch : after;
  }
  if (!is_object(before) || !is_object(after)) return after;
  Tree patch = object();
  for (const auto& [name, member] : before.members) {
    if (after.find(name) == nullptr) patch[name] = Tree();
  }
  for (const auto& [name, member] : after.members) {
    const Tree* earlier = before.find(name);
    if (earlier != nullptr && is_same(*earlier, member)) continue;
    patch[name] = earlier == nullptr ? member : patch_between(*earlier, member);
  }
  return patch;
}

Tree applied(const Tree& last, const Tree& now, const Tree& intent) {
  if (intent.kind == Kind::kArray && (is_keyed(intent) || is_keyed(now))) {
    return applied_list(last, now, intent);
  }
  if (!is_object(intent)) return intent;
  if (!is_object(now)) return applied(object(), object(), intent);
  Tree result = object();
  for (const auto& [name, member] : now.members) {
    const Tree* wanted = intent.find(name);
    const Tree* before = last.find(name);
    if (wanted != nullptr && wanted->kind == Kind::kNull) continue;
    Tree value = wanted != nullptr ? applied(before == nullptr ? Tree() : *before, member, *wanted)
                 : before != nullptr ? abandoned(*before, member)
                                     : member;
    if (value.kind != Kind::kNull) result.members.emplace_back(name, std::move(value));
  }
  for (const auto& [name, wanted] : intent.members) {
    if (wanted.kind != Kind::kNull && now.find(name) == nullptr) {
      result.members.emplace_back(name, applied(object(), object(), wanted));
    }
  }
  return result;
}

}  // namespace test
