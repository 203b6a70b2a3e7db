// Two resources that want the same name in the same namespace: who has it. Pure; any thread.
#pragma once

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

// The resource of `others` that has the name instead of self; nothing when self has it. The
// resource whose objects run keeps the name (a newcomer breaks nothing that runs); else the older
// one wins, also while it is still being checked whether the older one needs a registry. Resources
// that want no registry, or may not have one there, do not count.
//
// creationTimestamp has whole seconds. Two resources of one second are ordered by the
// resourceVersion of their creation: see first_resource_version.
std::optional<api::ObjectKey> find_rival(
    const api::LocalRegistry& self,
    const std::vector<std::shared_ptr<const api::LocalRegistry>>& others, const Contest& contest);

// True when another resource that was created in the same second wants the same name.
bool has_twin(const api::LocalRegistry& self,
              const std::vector<std::shared_ptr<const api::LocalRegistry>>& others);

// The resourceVersion in which the resource was created. It is known until the operator writes the
// resource for the first time, and it is recorded in status then if the resource has a twin. Empty:
// the operator wrote the resource before any twin was seen, so the resource is the oldest of its
// second, since a watch sends objects in the order of their creation.
std::string first_resource_version(const api::LocalRegistry& registry);

}  // namespace reconcile
