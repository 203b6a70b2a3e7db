// May this resource have what it asks for? A chain of named checks; the first that refuses wins,
// and then nothing is written but status. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reconcile/observed.h"

namespace reconcile {

struct Refusal {
  std::string_view reason;  // of the condition Accepted
  std::string message;      // what is wrong, and what to do about it
};

std::optional<Refusal> find_refusal(const Observed& observed);

// Why this resource, of which only a part is known, is not served; nothing when it is whole.
std::optional<Refusal> find_missing_part(const api::LocalRegistry& registry);

// True when the namespace lets the resource have its registry there: it is the resource's own, or
// it names the resource's namespace in its annotation.
bool is_allowed(const api::LocalRegistry& registry, const api::Namespace& target);

// True when the namespace is the other one, or names it in its annotation.
bool allows(const api::Namespace& target, std::string_view other);

// What a resource of another namespace may not have in the target namespace: images beside
// `allowed_images` (prefixes; empty: any), and pull Secrets that the Namespace does not list.
// Nothing when the target is the resource's own namespace.
std::optional<Refusal> find_foreign_refusal(const api::LocalRegistry& registry,
                                            const api::Namespace& target,
                                            const std::vector<std::string>& allowed_images);

// Whether one of the prefixes covers the image. Both are read as Docker reads names ("registry" is
// docker.io/library/registry), and a prefix ends where a part of the name ends: "ghcr.io/acme"
// covers ghcr.io/acme/tool and not ghcr.io/acme-tools.
bool image_is_allowed(std::string_view image, const std::vector<std::string>& prefixes);

// True when the PVC may be used and written: it is this resource's own, or one that a resource of
// the same namespace retained when it was deleted. Another namespace's images stay its own.
bool claim_is_usable(const Observed& observed);

}  // namespace reconcile
