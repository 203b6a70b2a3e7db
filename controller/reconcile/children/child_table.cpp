#include "reconcile/children/child_table.h"

namespace reconcile {

api::ObjectKey target_key(const api::LocalRegistry& registry) {
  return {api::target_namespace(registry), registry.spec.name};
}

api::ObjectKey key_of_role(const api::LocalRegistry& registry, ObjectRole role) {
  api::ObjectKey key = api::key_of(registry.metadata);
  visit_row(role, [&](auto row) { key = row.key(registry); });
  return key;
}

bool is_key_of_child(const api::LocalRegistry& registry, ObjectRole role,
                     const api::ObjectKey& key) {
  bool is_key = false;
  for_each_row([&](auto row) {
    is_key = is_key || (kind_name(row.kRole) == kind_name(role) && row.key(registry) == key);
  });
  return is_key;
}

std::string_view kind_name(ObjectRole role) {
  std::string_view kind = api::Resource<api::LocalRegistry>::kType.kind;
  visit_row(role, [&](auto row) { kind = api::Resource<ObjectOf<decltype(row)>>::kType.kind; });
  return kind;
}

}  // namespace reconcile
