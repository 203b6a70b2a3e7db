// Two resources that want the same name in the same namespace: who has it. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "reconcile/observed.h"

namespace reconcile {

// What is the same for all who want the name.
struct Contest {
  const api::Namespace* target_namespace = nullptr;
  bool kind_cluster = false;
  std::string_view incumbent_uid;  // whose the objects of that name are; empty: nobody's
};

// The resource of `others` that has the name instead of self; nothing when self has it. Who runs
// keeps the name (nothing that runs is broken by a newcomer); else the older one wins. Resources
// that want no registry, or may not have one there, do not count.
std::optional<api::ObjectKey> find_rival(
    const api::LocalRegistry& self,
    const std::vector<std::shared_ptr<const api::LocalRegistry>>& others, const Contest& contest);

}  // namespace reconcile
