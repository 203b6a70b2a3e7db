// Answers in which namespaces a LocalRegistry has, or may have, children. An object in any other
// namespace is never treated as a child, because users who may edit objects there can copy labels
// and uids. All functions are pure and can be called on any thread.
#pragma once

#include <string>
#include <vector>

#include "reconcile/observed.h"

namespace reconcile {

// Returns whether the target namespace is not the LocalRegistry's own.
bool is_in_other_namespace(const api::LocalRegistry& registry);

// Returns the namespaces, besides the LocalRegistry's own, that may have children according to its
// status: those in status.otherNamespaces, and the target namespace if the status reports a
// workload there.
std::vector<std::string> other_namespaces(const api::LocalRegistry& registry);

// Returns the namespaces in which an object can be a child: the LocalRegistry's own, its target
// namespace, and those in status.otherNamespaces. An annotation of a Namespace that allows the
// LocalRegistry is not enough: other tenants there can see the uid and forge a child.
std::vector<std::string> namespaces_that_may_have_children(const api::LocalRegistry& registry);

// Returns the namespaces in which a live read lists children of any name: other_namespaces(), or
// all of namespaces_that_may_have_children() once the LocalRegistry is being deleted.
std::vector<std::string> namespaces_to_search(const api::LocalRegistry& registry);

// Returns whether the namespace is one of namespaces_that_may_have_children().
bool may_have_children_in(const api::LocalRegistry& registry, const std::string& namespace_name);

// Returns whether the object can be an orphaned child of a LocalRegistry that is gone. Either the
// object is in the owner's namespace, or it has an owner-uid label and its Namespace (`found`;
// null: unknown) allows the owner's namespace.
bool may_be_orphan_of_deleted_owner(const api::ObjectMeta& object, const api::Namespace* found);

// Returns whether children may be created in the target namespace: it is the LocalRegistry's own,
// or status.otherNamespaces names it. Without that record, nothing would find the children there
// after spec.namespace has changed.
bool target_is_recorded(const Observed& observed);

// Returns whether the operator looks for orphaned children of an earlier LocalRegistry of the same
// key in that namespace. It does so in the target namespace until this LocalRegistry may have
// children there. From then on, an object with another owner-uid label may be a child of this
// LocalRegistry whose label another client edited.
bool may_have_orphans_in(const api::LocalRegistry& registry, const std::string& namespace_name);

// Returns the namespaces to write to status.otherNamespaces: those that may still have children.
// `creates`: the plan creates, or will create, objects in the target namespace. A recorded
// namespace is dropped only after a live read, because caches may not show a child yet.
std::vector<std::string> namespaces_to_record(const Observed& observed, bool creates);

// Returns whether status.otherNamespaces names a namespace in which no child is known. A live read
// can confirm that the name can be dropped.
bool may_drop_namespace(const Observed& observed, bool creates);

}  // namespace reconcile
