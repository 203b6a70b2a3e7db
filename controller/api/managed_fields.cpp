#include "api/managed_fields.h"

#include <algorithm>

namespace api {
namespace {

// One step of a path: a field, or an element of a list or map.
struct Step {
  std::string_view name;
  bool is_element = false;
};

std::vector<Step> steps_of(std::string_view path) {
  std::vector<Step> steps;
  while (!path.empty()) {
    if (path.front() == '.') {
      path.remove_prefix(1);
    } else if (path.front() == '[') {
      const std::size_t end = std::min(path.find(']'), path.size());
      steps.push_back({path.substr(1, end - 1), true});
      path.remove_prefix(std::min(end + 1, path.size()));
    } else {
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      steps.push_back({path.substr(0, end), false});
      path.remove_prefix(end);
    }
  }
  return steps;
}

std::string text_of(json::View value) {
  return value.kind() == json::Kind::kString ? std::string(value.string()) : json::canonical(value);
}

// Returns whether `member` names a list element and `key` is the value of one of its merge keys.
// managedFields names an element by all its merge keys: k:{"port":5000,"protocol":"TCP"}.
bool has_key(std::string_view member, std::string_view key) {
  if (!member.starts_with("k:")) return false;
  const auto keys = json::Document::parse(std::string(member.substr(2)));
  if (!keys) return false;
  const json::View root = keys->root();
  for (std::size_t i = 0; i < root.size(); ++i) {
    if (root.kind() == json::Kind::kObject && text_of(root.member(i).value) == key) return true;
  }
  return false;
}

std::optional<json::View> find_step(json::View node, const Step& step) {
  if (node.kind() != json::Kind::kObject) return std::nullopt;
  if (auto found = node.find("f:" + std::string(step.name))) return found;
  for (std::size_t i = 0; step.is_element && i < node.size(); ++i) {
    const json::Member member = node.member(i);
    if (has_key(member.name, step.name)) return member.value;
  }
  return std::nullopt;
}

// Returns whether the field set `node` contains the path `steps`. A set without members contains
// every path below it.
bool owns(json::View node, const std::vector<Step>& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto next = find_step(node, steps[i]);
    if (!next) return i > 0 && node.size() == 0;
    node = *next;
  }
  return true;
}

}  // namespace

std::string other_manager_of(const std::vector<ManagedFieldsEntry>& entries, std::string_view path,
                             std::string_view own) {
  const std::vector<Step> steps = steps_of(path);
  const ManagedFieldsEntry* latest = nullptr;
  for (const ManagedFieldsEntry& entry : entries) {
    if (entry.manager == own || !entry.subresource.empty()) continue;
    const auto fields = json::Document::parse(entry.fields.text);
    if (!fields || !owns(fields->root(), steps)) continue;
    if (latest == nullptr || latest->time < entry.time) latest = &entry;
  }
  return latest == nullptr ? std::string() : latest->manager;
}

base::Time last_change(const std::vector<ManagedFieldsEntry>& entries) {
  base::Time last;
  for (const ManagedFieldsEntry& entry : entries) {
    if (entry.subresource.empty()) last = std::max(last, entry.time.value_or(base::Time()));
  }
  return last;
}

}  // namespace api
