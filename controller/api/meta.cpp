#include "api/meta.h"

namespace api {

ObjectMeta identity_of(const ObjectMeta& meta) {
  ObjectMeta identity;
  identity.name = meta.name;
  identity.namespace_name = meta.namespace_name;
  identity.uid = meta.uid;
  return identity;
}

ObjectMeta version_of(const ObjectMeta& meta) {
  ObjectMeta version = identity_of(meta);
  version.resource_version = meta.resource_version;
  return version;
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

bool is_true(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* found = find_condition(conditions, type);
  return found != nullptr && found->status == condition_status::kTrue;
}

std::string_view reason_of(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* found = find_condition(conditions, type);
  return found == nullptr ? std::string_view() : found->reason;
}

std::string_view lookup(const StringMap& map, std::string_view key) {
  const auto found = map.find(std::string(key));
  return found == map.end() ? std::string_view() : found->second;
}

std::string to_string(const ObjectKey& key) {
  return key.namespace_name.empty() ? key.name : key.namespace_name + "/" + key.name;
}

ObjectKey key_of(const ObjectMeta& meta) { return {meta.namespace_name, meta.name}; }

std::string api_version(const ResourceType& type) {
  if (type.group.empty()) return std::string(type.version);
  return std::string(type.group) + "/" + std::string(type.version);
}

}  // namespace api

template struct json::TableCodec<api::OwnerReference>;
template struct json::TableCodec<api::ObjectMeta>;
template struct json::TableCodec<api::Condition>;
template const json::Shape& json::shape_of<api::OwnerReference>();
template const json::Shape& json::shape_of<api::ObjectMeta>();
template const json::Shape& json::shape_of<api::Condition>();
