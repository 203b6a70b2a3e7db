// What a person is told of a reconcile, as events on the resource: each thing once. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reconcile/plan.h"

namespace reconcile {

struct Notice {
  bool warning = false;
  std::string reason;  // "Created"
  std::string action;  // what the operator did or tried: "Create"
  std::string note;    // for people

  bool operator==(const Notice&) const = default;
};

// From the writes that succeeded in one reconcile, and the status before and after it. A refusal
// is told when its reason is new in the status, so that repeating it tells nothing.
std::vector<Notice> notices(const api::LocalRegistry& before, const std::vector<Action>& done,
                            const api::LocalRegistryStatus& after);

}  // namespace reconcile
