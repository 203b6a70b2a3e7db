#include "reconcile/children/names.h"

#include "base/text/dns_name.h"
#include "base/text/text.h"

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

// Returns whether the object is in its owner's namespace. In any other namespace an owner reference
// does not count, because Kubernetes does not allow owner references across namespaces.
bool may_be_referenced(const api::ObjectMeta& meta) {
  return owner_key(meta).namespace_name == meta.namespace_name;
}

}  // namespace

std::string owner_uid(const api::ObjectMeta& meta) {
  if (const api::OwnerReference* controller = controller_of(meta)) {
    const bool counts = is_registry(*controller) && may_be_referenced(meta);
    return counts ? controller->uid : std::string();
  }
  return std::string(api::lookup(meta.labels, kOwnerUidLabel));
}

bool is_owned(const api::ObjectMeta& meta, const api::LocalRegistry& registry) {
  const std::string& uid = registry.metadata.uid;
  if (uid.empty()) return false;
  const bool has_label = api::lookup(meta.labels, kOwnerUidLabel) == uid;
  const api::OwnerReference* controller = controller_of(meta);
  if (controller == nullptr) return has_label;
  if (controller->uid != uid) return false;
  // A uid is never reused, so it identifies the owner even if the rest of the reference is wrong.
  return has_label || meta.namespace_name == registry.metadata.namespace_name;
}

bool is_inherited(const api::ObjectMeta& meta, const api::LocalRegistry& registry) {
  if (meta.namespace_name != registry.metadata.namespace_name) return false;
  const api::OwnerReference* controller = controller_of(meta);
  if (controller != nullptr && !is_registry(*controller)) return false;
  return is_managed(meta) && !is_owned(meta, registry) &&
         owner_key(meta) == api::key_of(registry.metadata);
}

bool belongs_to(const api::ObjectMeta& meta, const api::LocalRegistry& registry) {
  return is_owned(meta, registry) || is_inherited(meta, registry);
}

bool is_orphan(const api::ObjectMeta& meta, const api::LocalRegistry& registry) {
  const std::string_view uid = api::lookup(meta.labels, kOwnerUidLabel);
  return is_managed(meta) && owner_key(meta) == api::key_of(registry.metadata) &&
         meta.namespace_name != registry.metadata.namespace_name && !uid.empty() &&
         uid != registry.metadata.uid && meta.owner_references.empty();
}

api::ObjectKey owner_key(const api::ObjectMeta& meta) {
  const std::string_view owner = api::lookup(meta.annotations, kOwnerAnnotation);
  const std::size_t slash = owner.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view namespace_name = owner.substr(0, slash);
    const std::string_view name = owner.substr(slash + 1);
    // The annotation may contain any text, such as "..", which must not become a part of a
    // request's path.
    if (!base::is_dns_subdomain(namespace_name) || !base::is_dns_subdomain(name)) return {};
    return {std::string(namespace_name), std::string(name)};
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
  return base::is_one_of(kFinalizer, meta.finalizers);
}

bool is_terminating(const api::ObjectMeta& meta) { return meta.deletion_timestamp.has_value(); }

}  // namespace reconcile
