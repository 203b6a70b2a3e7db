// In which namespaces a resource has objects. Anyone who may edit objects in a namespace can copy
// labels and uids, so objects of other namespaces are never taken for a resource's children.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "reconcile/observed.h"

namespace reconcile {

// True when the registry runs in another namespace than the resource's own.
bool is_elsewhere(const api::LocalRegistry& registry);

// Namespaces besides the resource's own in which objects of it may be, as its status says: those
// recorded in status.otherNamespaces, and the target namespace if the registry runs there.
std::vector<std::string> other_namespaces(const api::LocalRegistry& registry);

// The namespaces in which an object can be a child of the resource: its own, its target, and those
// of status.otherNamespaces. That a Namespace allows the resource is not enough: its other tenants
// see the uid.
std::vector<std::string> namespaces_of(const api::LocalRegistry& registry);

// Where a live read looks for children under any name: in other_namespaces(), and in all of
// namespaces_of() once the resource is being deleted.
std::vector<std::string> namespaces_to_search(const api::LocalRegistry& registry);

// Whether the namespace is one of namespaces_of().
bool may_have_children_in(const api::LocalRegistry& registry, const std::string& namespace_name);

// Whether the object can have been a child of its owner, which is gone: it is in the owner's
// namespace, or in one that allows the owner's, and has an owner's uid.
bool may_be_left_by_gone_owner(const api::ObjectMeta& object, const api::Namespace* found);

// True when the registry may be created in the target namespace: the namespace is the resource's
// own, or status.otherNamespaces names it. Nothing else would know of the objects there once
// spec.namespace has changed.
bool target_is_recorded(const Observed& observed);

// Whether orphans of an earlier resource of the same key are removed there: in the target
// namespace, until this resource has objects in it. A label that was edited makes no orphan of a
// registry that runs.
bool may_have_orphans_in(const api::LocalRegistry& registry, const std::string& namespace_name);

// status.otherNamespaces: those in which objects may still be. `creates`: the plan creates, or
// will create, objects in the target namespace. Caches may not show a child yet, so a name is
// dropped only after a live read.
std::vector<std::string> namespaces_to_record(const Observed& observed, bool creates);

// Whether a live read may find that a name in status.otherNamespaces can be dropped.
bool may_drop_namespace(const Observed& observed, bool creates);

}  // namespace reconcile
