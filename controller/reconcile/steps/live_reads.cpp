#include "reconcile/steps/live_reads.h"

#include <algorithm>

#include "reconcile/checks/acceptance.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/checks/decision.h"
#include "reconcile/checks/rivalry.h"
#include "reconcile/children/names.h"
#include "reconcile/children/node_port.h"
#include "reconcile/status/reasons.h"
#include "reconcile/steps/removal.h"

namespace reconcile {
namespace {

// Returns whether the action may change the node port of an existing Service. Clients may use that
// port, so the change needs a live read. A requested port of 0 counts as well: then the status
// records no port, but the status may be stale.
bool moves_node_port(const Observed& observed, const Action& action) {
  const auto* apply = std::get_if<Apply<api::Service>>(&action);
  const auto* reset = std::get_if<ResetPorts>(&action);
  if ((apply == nullptr && reset == nullptr) || !observed.service()) return false;
  const int port = node_port_of(*observed.service());
  const int wanted = node_port_of(apply == nullptr ? reset->patch : apply->object);
  return wanted == 0 || (port != 0 && wanted != port);
}

bool had_name_conflict(const api::LocalRegistry& registry) {
  return api::reason_of(registry.status.conditions, condition::kAccepted) == reason::kNameConflict;
}

// Returns whether children of an earlier generation of the spec may exist that nothing records. The
// previous leader may have crashed after it created children and before it recorded them in status.
// If their labels were removed since, no cache shows them.
bool may_have_unrecorded_children(const Observed& observed) {
  const std::int64_t generation = observed.registry->metadata.generation;
  return generation > 1 && observed.registry->status.observed_generation != generation;
}

}  // namespace

bool may_miss_objects(const Observed& observed) {
  return had_name_conflict(*observed.registry) || may_have_unrecorded_children(observed);
}

bool takes_over(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  bool inherits = registry.spec.persistence.enabled && pvc_is_usable(observed) &&
                  !is_owned(observed.pvc()->metadata, registry);
  observed.slots.each([&](auto row, const auto& object) {
    inherits =
        inherits || (!row.kPolicy.is_retained && object && !is_owned(object->metadata, registry) &&
                     belongs_to(object->metadata, registry));
  });
  return inherits ||
         std::any_of(observed.misplaced_children.begin(), observed.misplaced_children.end(),
                     [&](const MisplacedChild& child) {
                       return !policy_of(child.role).is_retained &&
                              !is_owned(child.metadata, registry);
                     });
}

bool has_required_records(const Observed& observed) {
  const api::LocalRegistry& registry = *observed.registry;
  if (is_deployed(observed) && !target_is_recorded(observed)) return false;
  const bool adds_finalizer = needs_finalizer(observed) && !has_finalizer(registry.metadata);
  return (!observed.has_same_second_candidate && !adds_finalizer) ||
         !registry.status.first_resource_version.empty() ||
         first_resource_version(registry).empty();
}

bool is_risky(const Observed& observed, const Plan& plan) {
  return std::any_of(plan.actions.begin(), plan.actions.end(), [&](const Action& action) {
    return std::holds_alternative<Delete>(action) || moves_node_port(observed, action);
  });
}

}  // namespace reconcile
