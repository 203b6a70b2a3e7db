#include "sim/managed_fields.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sim {
namespace {

// The fields without a manager: those that identify an object, and those that only the API server
// writes.
const FieldSet& stripped() {
  static const FieldSet fields = [] {
    FieldSet set;
    set.insert("f:apiVersion");
    set.insert("f:kind");
    set.insert("f:metadata");
    FieldSet& meta = set.descend("f:metadata");
    for (const char* name : {"name", "namespace", "creationTimestamp", "selfLink", "uid",
                             "generation", "managedFields", "resourceVersion"}) {
      meta.insert(std::string("f:") + name);
    }
    return set;
  }();
  return fields;
}

auto order(const Manager& manager) {
  return std::tie(manager.operation, manager.time, manager.name, manager.api_version,
                  manager.subresource);
}

Manager* find_manager(Managers& managers, const Manager& wanted) {
  const auto found =
      std::find_if(managers.begin(), managers.end(),
                   [&wanted](const Manager& manager) { return manager.is_same(wanted); });
  return found == managers.end() ? nullptr : &*found;
}

void settle(Managers& managers) {
  for (Manager& manager : managers) manager.fields = manager.fields.subtract(stripped());
  managers.erase(std::remove_if(managers.begin(), managers.end(),
                                [](const Manager& manager) { return manager.fields.empty(); }),
                 managers.end());
  std::sort(managers.begin(), managers.end(),
            [](const Manager& a, const Manager& b) { return order(a) < order(b); });
}

Comparison compared(const Update& update, const Value& before, const Value& after) {
  Comparison comparison = compare(*update.schema, before, after);
  if (update.ignored != nullptr) {
    comparison.added = comparison.added.subtract_whole(*update.ignored);
    comparison.modified = comparison.modified.subtract_whole(*update.ignored);
    comparison.removed = comparison.removed.subtract_whole(*update.ignored);
  }
  return comparison;
}

// Removes changed and removed fields from all managers except `but`.
void take_away(Managers& managers, const Manager* but, const Comparison& comparison) {
  const FieldSet changed = comparison.modified.unite(comparison.added);
  for (Manager& manager : managers) {
    if (but != nullptr && manager.is_same(*but)) continue;
    manager.fields = manager.fields.subtract(manager.fields.intersect(changed));
    manager.fields = manager.fields.subtract(comparison.removed);
  }
}

std::string readable(const std::string& element) {
  if (element.starts_with("f:")) return "." + element.substr(2);
  if (element.starts_with("v:")) return "[=" + element.substr(2) + "]";
  Document key;
  key.Parse(element.c_str() + 2);
  std::string text = "[";
  for (auto member = key.MemberBegin(); member != key.MemberEnd(); ++member) {
    if (text.size() > 1) text += ',';
    text += std::string(as_text(member->name)) + "=" + write(member->value);
  }
  return text + "]";
}

void list_paths(const FieldSet& fields, const std::string& path, std::vector<std::string>& out) {
  for (const FieldEntry& entry : fields.entries()) {
    if (entry.member) out.push_back(path + readable(entry.element));
  }
  for (const FieldEntry& entry : fields.entries()) {
    list_paths(entry.below, path + readable(entry.element), out);
  }
}

std::vector<Conflict> conflicts_of(const Managers& managers, const Manager& writer,
                                   const Comparison& comparison) {
  const FieldSet changed = comparison.modified.unite(comparison.added);
  std::vector<Conflict> conflicts;
  for (const Manager& manager : managers) {
    if (manager.is_same(writer)) continue;
    const FieldSet both = manager.fields.intersect(changed);
    if (both.empty()) continue;
    conflicts.push_back({manager, {}});
    list_paths(both, "", conflicts.back().paths);
  }
  return conflicts;
}

// Removes the fields that the manager applied before and no longer applies, unless another manager
// owns them.
Value pruned(const Schema& schema, Value merged, const Managers& managers, const FieldSet& last,
             Allocator& allocator) {
  if (last.empty()) return merged;
  const FieldSet last_named = last.with_named_fields(schema);
  FieldSet managed;
  for (const Manager& manager : managers) managed = managed.unite(manager.fields);
  const FieldSet merged_named = fields_of(schema, merged).with_named_fields(schema);

  Value rest = remove_fields(schema, merged, last_named, allocator);
  const FieldSet kept =
      fields_of(schema, rest).with_named_fields(schema).unite(managed.with_named_fields(schema));
  rest = remove_fields(schema, merged, merged_named.subtract(kept), allocator);

  const FieldSet dangling = merged_named.subtract(fields_of(schema, rest).with_named_fields(schema))
                                .intersect(last_named);
  return remove_fields(schema, merged, dangling, allocator);
}

}  // namespace

bool Manager::is_same(const Manager& other) const {
  return name == other.name && operation == other.operation && subresource == other.subresource &&
         (operation == "Apply" || api_version == other.api_version);
}

bool same_but_for_times(const Managers& a, const Managers& b) {
  if (a.size() != b.size()) return false;
  return std::equal(a.begin(), a.end(), b.begin(), [](const Manager& one, const Manager& other) {
    return one.is_same(other) && one.fields == other.fields;
  });
}

std::string write(const Managers& managers) {
  std::string text = "[";
  for (const Manager& manager : managers) {
    if (text.size() > 1) text += ',';
    text += R"({"manager":")" + manager.name + R"(","operation":")" + manager.operation +
            R"(","apiVersion":")" + manager.api_version + '"';
    if (!manager.time.empty()) text += R"(,"time":")" + manager.time + '"';
    text += R"(,"fieldsType":"FieldsV1","fieldsV1":)";
    manager.fields.write(text);
    if (!manager.subresource.empty()) {
      text += R"(,"subresource":")" + manager.subresource + '"';
    }
    text += '}';
  }
  return text + ']';
}

Managers updated(const Update& update, bool created, const Value& before, const Value& after,
                 const Managers& managers) {
  if (managers.empty() && !created) return {};
  const Comparison comparison = compared(update, before, after);
  Managers result = managers;
  take_away(result, nullptr, comparison);
  FieldSet taken = comparison.modified.unite(comparison.added).subtract(stripped());
  if (!taken.empty()) {
    Manager* own = find_manager(result, update.writer);
    if (own == nullptr) own = &result.emplace_back(update.writer);
    own->fields = own->fields.unite(taken);
    own->time = update.writer.time;
  }
  settle(result);
  return result;
}

Application applied(const Update& update, const Value& live, const Value& configuration, bool force,
                    const Managers& managers, Allocator& allocator) {
  Application result;
  result.managers = managers;
  const Schema& schema = *update.schema;
  FieldSet last;
  Manager* own = find_manager(result.managers, update.writer);
  if (own == nullptr) {
    own = &result.managers.emplace_back(update.writer);
    own->time.clear();
  } else {
    last = own->fields;
  }
  own->fields = fields_of(schema, configuration);
  if (update.ignored != nullptr) own->fields = own->fields.subtract_whole(*update.ignored);
  result.object = pruned(schema, merge(schema, live, configuration, allocator), result.managers,
                         last, allocator);
  const Comparison comparison = compared(update, live, result.object);
  if (!force) result.conflicts = conflicts_of(result.managers, update.writer, comparison);
  take_away(result.managers, &update.writer, comparison);
  own = find_manager(result.managers, update.writer);
  own->api_version = update.writer.api_version;
  if (!comparison.is_same()) own->time = update.writer.time;
  settle(result.managers);
  return result;
}

}  // namespace sim
