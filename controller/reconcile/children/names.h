// This file declares the names of labels, annotations and other identifiers that the operator puts
// on objects, and functions that derive the owner of an object from them. All functions are pure
// and can be called on any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/local_registry.h"

namespace reconcile {

inline constexpr std::string_view kManager = "local-registry-operator";  // also the field manager
inline constexpr std::string_view kFinalizer = "localregistry.dev/cleanup";

inline constexpr std::string_view kComponentLabel = "app.kubernetes.io/component";
inline constexpr std::string_view kComponentValue = "registry";
inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kOwnerUidLabel = "localregistry.dev/owner-uid";
inline constexpr std::string_view kAppLabel = "app";  // DevSpace finds the pods by it

inline constexpr std::string_view kOwnerAnnotation = "localregistry.dev/owner";
inline constexpr std::string_view kIntentAnnotation = "localregistry.dev/intent-hash";
// This annotation of a Deployment records the pod template that was applied and hashes of its
// inputs, as JSON of an AppliedPod or as a HashedRecord (children.h).
inline constexpr std::string_view kAppliedPodAnnotation = "localregistry.dev/applied-pod";
// This annotation of a workload records the result of buildkit_refusal() (decision.h).
inline constexpr std::string_view kBuildKitRefusedAnnotation = "localregistry.dev/buildkit-refused";
// Users set this annotation on a LocalRegistry: a new value makes the operator replace a kept pod
// template (template_hold.h).
inline constexpr std::string_view kRestartAnnotation = "localregistry.dev/restart-requested-at";
// With these annotations, a Namespace lists the namespaces whose LocalRegistries may run a registry
// in it, and the pull Secrets that such a registry may use.
inline constexpr std::string_view kAllowFromAnnotation = "localregistry.dev/allow-from";
inline constexpr std::string_view kAllowPullSecretsAnnotation =
    "localregistry.dev/allow-pull-secrets";
inline constexpr std::string_view kPodSecurityPrefix = "pod-security.kubernetes.io/";
inline constexpr std::string_view kPodSecurityLabel = "pod-security.kubernetes.io/enforce";

inline constexpr std::string_view kRegistryContainer = "registry";
inline constexpr std::string_view kBuildKitContainer = "buildkitd";
inline constexpr std::string_view kPortName = "registry";  // of container and Service

// Returns the uid of the LocalRegistry that the object belongs to: from the controller reference
// or, if there is none, from the owner-uid label. Empty when the object has neither, when its
// controller is not a LocalRegistry, and when it has a controller but is not in its owner's
// namespace.
std::string owner_uid(const api::ObjectMeta& meta);

// Returns whether the object belongs to this LocalRegistry, not to an earlier one of the same name.
// A uid can be copied, so the caller also checks whether the LocalRegistry may have children in the
// object's namespace (reconcile/checks/child_namespaces.h).
bool is_owned(const api::ObjectMeta& meta, const api::LocalRegistry& registry);

// Returns whether the object is inherited: it is in the LocalRegistry's own namespace and its
// annotation names this LocalRegistry, but its owner's uid is another one or unknown. Either an
// earlier LocalRegistry of the same name created the object, or its label was removed. The result
// is reliable only after a live read: a LocalRegistry from a stale cache may itself be the earlier
// one.
bool is_inherited(const api::ObjectMeta& meta, const api::LocalRegistry& registry);

// Returns whether the object is owned or inherited: the operator may write and delete it for this
// LocalRegistry.
bool belongs_to(const api::ObjectMeta& meta, const api::LocalRegistry& registry);

// Returns whether the object is in another namespace and was created for an earlier LocalRegistry
// of the same namespace and name, so that garbage collection never removes it. The result is
// reliable only after a live read of the LocalRegistry.
bool is_orphan(const api::ObjectMeta& meta, const api::LocalRegistry& registry);

// Returns the key of the LocalRegistry that the object names as its owner. The name is empty when
// the object names no owner, or when the text cannot be a name. Users who may edit the object can
// forge the owner's name, so it is only a hint which LocalRegistry to check.
api::ObjectKey owner_key(const api::ObjectMeta& meta);

// Returns true for an object that this operator created, for any LocalRegistry.
bool is_managed(const api::ObjectMeta& meta);

bool has_finalizer(const api::ObjectMeta& meta);

bool is_terminating(const api::ObjectMeta& meta);

}  // namespace reconcile
