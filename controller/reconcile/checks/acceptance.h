// Decides whether a LocalRegistry may have what its spec asks for. A chain of checks runs in a
// fixed order, and the first refusal is reported. Nothing is created or updated for a refused spec
// except the status. All functions are pure and can be called on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

struct Refusal {
  std::string_view reason;  // of the condition Accepted
  std::string message;      // the problem, and what the user can do about it
};

// Returns the first refusal of the checks; nullopt when the spec is accepted.
std::optional<Refusal> find_refusal(const Observed& observed);

// If the cache holds only a part of the LocalRegistry, returns why it is not reconciled; otherwise
// nullopt.
std::optional<Refusal> find_missing_part(const api::LocalRegistry& registry);

// Returns whether the LocalRegistry's registry may be in the target namespace: either `target` is
// the LocalRegistry's own namespace, or the annotation kAllowFromAnnotation of `target` lists the
// LocalRegistry's namespace.
bool is_allowed(const api::LocalRegistry& registry, const api::Namespace& target);

// Returns whether `target` is the namespace `other`, or lists `other` in its annotation
// kAllowFromAnnotation.
bool allows(const api::Namespace& target, std::string_view other);

// Returns why the spec is refused in a target namespace that is not the LocalRegistry's own: an
// image outside of `allowed_images` (prefixes; empty: any), or a pull Secret that the Namespace
// does not list. nullopt if nothing is refused, and always if the target is the LocalRegistry's own
// namespace.
std::optional<Refusal> find_foreign_refusal(const api::LocalRegistry& registry,
                                            const api::Namespace& target,
                                            const std::vector<std::string>& allowed_images);

// Returns whether the image begins with one of the prefixes, or when there are no prefixes. Images
// and prefixes are expanded in the same way as Docker expands image names ("registry" is
// docker.io/library/registry). A prefix matches whole components of a name: "ghcr.io/acme" matches
// ghcr.io/acme/tool, but not ghcr.io/acme-tools.
bool image_is_allowed(std::string_view image, const std::vector<std::string>& prefixes);

// Returns whether the PVC may be mounted and written: it belongs to this LocalRegistry, or a
// deleted LocalRegistry of the same namespace retained it. Images that a LocalRegistry of another
// namespace retained are never reused.
bool pvc_is_usable(const Observed& observed);

}  // namespace reconcile
