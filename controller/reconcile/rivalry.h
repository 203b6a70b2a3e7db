// Two resources that want the same name in the same namespace: who has it. Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconcile/observed.h"

namespace reconcile {

// What is the same for all who want the name.
struct Contest {
  const api::Namespace* target_namespace = nullptr;
  bool kind_cluster = false;
  std::string_view incumbent_uid;  // of the resource that owns the objects; empty: there are none
  std::vector<std::string> allowed_images = {};  // --allowed-images; empty: any
};

// A number that orders resources by the second of their creation, and whose low bits say whether
// the resource may want a registry. It is enough to rule out most rivals without unpacking them.
std::uint64_t claim_digest(const api::LocalRegistry& registry);

// Whether a resource with that digest may want a registry, on a KinD cluster or on another.
bool may_want_registry(std::uint64_t digest);

// One of those who may want the name. The views are the caller's.
struct Claim {
  std::string_view namespace_name;
  std::string_view name;
  std::uint64_t digest = 0;
  bool is_self = false;
  bool is_incumbent = false;
};

// The resource of a claim; null when it does not want the name after all.
using LoadClaim = std::function<std::shared_ptr<const api::LocalRegistry>(const Claim&)>;

// The resource of `claims` that has the name instead of self; nothing when self has it. The
// resource whose objects run keeps the name (a newcomer breaks nothing that runs); else the older
// one wins, also while it is still being checked whether the older one needs a registry. Resources
// that want no registry, or may not have one there, do not count.
//
// creationTimestamp has whole seconds. Two resources of one second are ordered by the
// resourceVersion of their creation: see first_resource_version.
//
// Loads the incumbent and, from the oldest on, only as many claims as are needed to find the
// winner: limits::kRivals at most. When that many may not have the name after all, the search ends
// without a rival although there may be one. Then both try to create the objects, and the first has
// the name.
std::optional<api::ObjectKey> find_rival(const api::LocalRegistry& self, std::vector<Claim> claims,
                                         const LoadClaim& load, const Contest& contest);

// True when another resource that was created in the same second may want the same name.
bool has_twin(const api::LocalRegistry& self, const std::vector<Claim>& claims);

// The resourceVersion in which the resource was created. It is known until the operator writes the
// resource for the first time, and it is recorded in status then if the resource has a twin. Empty:
// the operator wrote the resource before any twin was seen, so the resource is the oldest of its
// second, since a watch sends objects in the order of their creation.
std::string first_resource_version(const api::LocalRegistry& registry);

}  // namespace reconcile
