#include "reconcile/names.h"

#include <algorithm>

namespace reconcile {
namespace {

bool is_registry(const api::OwnerReference& owner) {
  const api::ResourceType& type = api::Resource<api::LocalRegistry>::kType;
  const std::string_view group = std::string_view(owner.api_version).substr(0, type.group.size());
  return owner.kind == type.kind && group == type.group;
}

const api::OwnerReference* controller_of(const api::ObjectMeta& meta) {
  for (const api::OwnerReference& reference : meta.owner_references) {
    if (reference.controller.value_or(false)) return &reference;
  }
  return nullptr;
}

}  // namespace

std::string owner_uid(const api::ObjectMeta& meta) {
  if (const api::OwnerReference* controller = controller_of(meta)) {
    return is_registry(*controller) ? controller->uid : std::string();
  }
  return std::string(api::lookup(meta.labels, kOwnerUidLabel));
}

bool is_owned(const api::ObjectMeta& meta, const api::LocalRegistry& registry) {
  const std::string& uid = registry.metadata.uid;
  if (uid.empty()) return false;
  // A uid is nobody else's, whatever somebody made of the rest of the reference.
  if (const api::OwnerReference* controller = controller_of(meta)) return controller->uid == uid;
  return api::lookup(meta.labels, kOwnerUidLabel) == uid;
}

bool is_inherited(const api::ObjectMeta& meta, const api::LocalRegistry& registry) {
  const api::OwnerReference* controller = controller_of(meta);
  if (controller != nullptr && !is_registry(*controller)) return false;
  return is_managed(meta) && !is_owned(meta, registry) &&
         owner_key(meta) == api::key_of(registry.metadata);
}

bool belongs_to(const api::ObjectMeta& meta, const api::LocalRegistry& registry) {
  return is_owned(meta, registry) || is_inherited(meta, registry);
}

api::ObjectKey owner_key(const api::ObjectMeta& meta) {
  const std::string_view owner = api::lookup(meta.annotations, kOwnerAnnotation);
  const std::size_t slash = owner.find('/');
  if (slash != std::string_view::npos) {
    return {std::string(owner.substr(0, slash)), std::string(owner.substr(slash + 1))};
  }
  const api::OwnerReference* controller = controller_of(meta);
  if (controller != nullptr && is_registry(*controller)) {
    return {meta.namespace_name, controller->name};
  }
  return {};
}

bool is_managed(const api::ObjectMeta& meta) {
  return api::lookup(meta.labels, kManagedByLabel) == kManager;
}

bool has_finalizer(const api::ObjectMeta& meta) {
  return std::find(meta.finalizers.begin(), meta.finalizers.end(), kFinalizer) !=
         meta.finalizers.end();
}

bool is_terminating(const api::ObjectMeta& meta) { return meta.deletion_timestamp.has_value(); }

}  // namespace reconcile
