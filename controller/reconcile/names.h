// Labels, annotations and other names that the operator puts on objects, and what they say about
// who owns an object. Pure; any thread.
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
inline constexpr std::string_view kAppLabel = "app";  // of pods, which DevSpace finds by it

inline constexpr std::string_view kOwnerAnnotation = "localregistry.dev/owner";
inline constexpr std::string_view kIntentAnnotation = "localregistry.dev/intent-hash";
// On a Deployment: the pod template that was applied, and what it was made from, as AppliedPod.
inline constexpr std::string_view kAppliedPodAnnotation = "localregistry.dev/applied-pod";
// On a workload: for which image and labels the cluster's Pod Security default refused BuildKit.
inline constexpr std::string_view kBuildKitRefusedAnnotation = "localregistry.dev/buildkit-refused";
// On a LocalRegistry, by users: another value ends the hold of a pod template.
inline constexpr std::string_view kRestartAnnotation = "localregistry.dev/restart-requested-at";
// On the target Namespace.
inline constexpr std::string_view kAllowFromAnnotation = "localregistry.dev/allow-from";
inline constexpr std::string_view kAllowPullSecretsAnnotation =
    "localregistry.dev/allow-pull-secrets";
inline constexpr std::string_view kPodSecurityPrefix = "pod-security.kubernetes.io/";
inline constexpr std::string_view kPodSecurityLabel = "pod-security.kubernetes.io/enforce";

inline constexpr std::string_view kRegistryContainer = "registry";
inline constexpr std::string_view kBuildKitContainer = "buildkitd";
inline constexpr std::string_view kPortName = "registry";  // of container and Service

// The uid of the LocalRegistry that an object belongs to: from its controller reference, or else
// from its label. Empty when it belongs to none, or to a controller of another kind. Outside the
// owner's namespace only the label counts.
std::string owner_uid(const api::ObjectMeta& meta);

// True when the object belongs to this very resource, not to an earlier one of the same name.
// Whether the resource may have children in the object's namespace at all is for
// reconcile/places.h to say: a uid can be copied.
bool is_owned(const api::ObjectMeta& meta, const api::LocalRegistry& registry);

// True when the object is in the resource's own namespace and was created for a resource of the
// same namespace and name, but not for this one: for an earlier one, which is gone, or for an
// unknown one, since the label is gone. Only to be believed of a resource that was read live: a
// stale one may be the earlier.
bool is_inherited(const api::ObjectMeta& meta, const api::LocalRegistry& registry);

// Owned or inherited: the operator may write and delete it for this resource.
bool belongs_to(const api::ObjectMeta& meta, const api::LocalRegistry& registry);

// True when the object is in another namespace and was created for an earlier resource of the same
// namespace and name, so that garbage collection never removes it. Only to be believed of a
// resource that was read live.
bool is_orphan(const api::ObjectMeta& meta, const api::LocalRegistry& registry);

// The resource that an object names as its owner; an empty name when it names none, or when the
// text cannot be a name. Anyone who may edit the object can write this: it is a hint where to look.
api::ObjectKey owner_key(const api::ObjectMeta& meta);

// True for an object that this operator made, for whichever resource.
bool is_managed(const api::ObjectMeta& meta);

bool has_finalizer(const api::ObjectMeta& meta);

bool is_terminating(const api::ObjectMeta& meta);

}  // namespace reconcile
