#include "reconcile/status/status.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/error_texts.h"
#include "base/limits.h"
#include "base/text/quote.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/checks/decision.h"
#include "reconcile/checks/rivalry.h"
#include "reconcile/children/names.h"
#include "reconcile/children/node_port.h"
#include "reconcile/status/availability.h"
#include "reconcile/status/images.h"
#include "reconcile/status/pods.h"
#include "reconcile/status/reasons.h"
#include "reconcile/status/storage.h"
#include "reconcile/status/text.h"

namespace reconcile {
namespace {

using api::condition_status::kFalse;
using api::condition_status::kTrue;
using api::condition_status::kUnknown;

// Returns whether the earlier message can stay, so that a different wording alone causes no write.
bool still_holds(const api::Condition& earlier, const api::Condition& now, MessageSource source) {
  if (source == MessageSource::kOwn || earlier.status != now.status ||
      earlier.reason != now.reason || earlier.observed_generation != now.observed_generation) {
    return false;
  }
  return source == MessageSource::kCrash ||
         without_numbers(earlier.message) == without_numbers(now.message);
}

class Conditions {
 public:
  explicit Conditions(const Observed& observed) : observed_(observed) {}

  void set(std::string_view type, const ConditionValue& value) {
    api::Condition condition;
    condition.type = type;
    condition.status = value.status;
    condition.reason = value.reason;
    // The API server refuses a status in which a condition has no message.
    const std::string& message = value.message.empty() ? value.reason : value.message;
    condition.message = base::cut_line(message, limits::kConditionMessageBytes);
    condition.observed_generation = observed_.registry->metadata.generation;
    condition.last_transition_time = std::chrono::floor<std::chrono::seconds>(observed_.now);
    const api::Condition* earlier =
        api::find_condition(observed_.registry->status.conditions, type);
    if (earlier != nullptr && earlier->status == condition.status) {
      condition.last_transition_time = earlier->last_transition_time;
    }
    if (earlier != nullptr && still_holds(*earlier, condition, value.source)) {
      condition.message = earlier->message;
    }
    list_.push_back(std::move(condition));
  }

  const api::Condition& get(std::string_view type) const {
    return *api::find_condition(list_, type);
  }

  std::vector<api::Condition> take() { return std::move(list_); }

 private:
  const Observed& observed_;
  std::vector<api::Condition> list_;
};

// Replaces each condition of the same type in `list`, or appends it.
void replace(std::vector<api::Condition>& list, std::vector<api::Condition> conditions) {
  for (api::Condition& condition : conditions) {
    std::erase_if(list, [&](const api::Condition& old) { return old.type == condition.type; });
    list.push_back(std::move(condition));
  }
}

// What the conditions are computed from.
struct StatusInput {
  const Observed& observed;
  const std::optional<Refusal>& refusal;
  const std::string& url;        // status.url
  const Conditions& conditions;  // those that earlier rows computed
  const ConditionValue& convergence;
  const std::string& outdated_field;
  bool is_elsewhere;                      // find_earlier_service() found a Service
  std::optional<ConditionValue> absence;  // see condition_of_absent_object()
};

ConditionValue compute_accepted(const std::optional<Refusal>& refusal) {
  if (refusal) return {kFalse, std::string(refusal->reason), refusal->message};
  return {kTrue, std::string(reason::kAccepted), "the resource is accepted"};
}

// Returns the Service of the registry that stays under an earlier name or in an earlier namespace
// because the changed spec is refused. Null: there is none.
const MisplacedChild* find_earlier_service(const Observed& observed,
                                           const std::optional<Refusal>& refusal) {
  if (!refusal) return nullptr;
  const auto found =
      std::find_if(observed.misplaced_children.begin(), observed.misplaced_children.end(),
                   [](const MisplacedChild& child) { return child.role == ObjectRole::kService; });
  return found == observed.misplaced_children.end() ? nullptr : &*found;
}

ConditionValue not_observed() {
  return {
      kUnknown, std::string(reason::kNotObserved),
      "the change of the spec was refused (see condition Accepted), so the registry is unchanged"};
}

ConditionValue storage_condition(const Observed& observed) {
  const StorageState state = compute_storage_ready(observed);
  return {state.ready ? kTrue : kFalse, std::string(state.reason), state.message};
}

// Returns the condition for an object that does not exist and is not created now, because the
// LocalRegistry is suspended or refused; nullopt if the object's own condition counts.
std::optional<ConditionValue> condition_of_absent_object(const Observed& observed,
                                                         const std::optional<Refusal>& refusal) {
  // If nothing is deployed, the object's own condition reports why.
  if (!is_deployed(observed)) return std::nullopt;
  if (observed.registry->spec.suspend) {
    return ConditionValue{kFalse, std::string(reason::kNotDeployed),
                          "nothing is deployed while spec.suspend is true"};
  }
  if (!refusal) return std::nullopt;
  return ConditionValue{kFalse, std::string(reason::kNotDeployed),
                        fmt::format("nothing is deployed: {}", refusal->message)};
}

ConditionValue compute_up_to_date(const Observed& observed, const std::string& outdated_field) {
  if (outdated_field.empty()) {
    return {kTrue, std::string(reason::kUpToDate), "no pod runs with an outdated pod template"};
  }
  return {kFalse, std::string(reason::kRestartLosesImages),
          fmt::format("the pod runs with an outdated {}; it is not replaced automatically, because "
                      "the images in its emptyDir would be lost; {}",
                      outdated_field, restart_remedy(observed))};
}

// Returns the condition for a pinned node port that the API server refused; nullopt if it did not.
std::optional<ConditionValue> condition_of_refused_port(const Observed& observed) {
  for (const FailedRequest& failure : observed.failures) {
    if (failure.node_port == 0 || failure.node_port != observed.registry->spec.node_port) continue;
    const bool range = api::is_node_port_out_of_range(failure.error.message);
    return ConditionValue{
        kFalse, std::string(range ? reason::kNodePortOutOfRange : reason::kNodePortTaken),
        fmt::format(
            "spec.nodePort {}: {}", failure.node_port,
            range ? failure.error.message
                  : "another Service uses this port; choose another port, or 0 for any free port")};
  }
  return std::nullopt;
}

bool is_degraded_on_purpose(const api::Condition& buildkit) {
  return buildkit.reason == reason::kLocalBuild || buildkit.reason == reason::kPodSecurity ||
         buildkit.reason == reason::kPodSecurityDefault ||
         buildkit.reason == reason::kRestartLosesImages;
}

ConditionValue not_ready_because_of(const api::Condition& condition) {
  return {kFalse, condition.reason, condition.message};
}

ConditionValue compute_ready_without_registry(const Observed& observed,
                                              std::optional<api::Delivery> delivery) {
  if (!delivery) {
    return {kFalse, std::string(reason::kCheckingPush), std::string(why_not_deployed(observed))};
  }
  if (delivery == api::Delivery::kKindLoad) {
    return {kTrue, std::string(reason::kKindLoad),
            "this is a KinD cluster: images are loaded with kind load docker-image"};
  }
  if (observed.registry->spec.enabled) {
    return {kTrue, std::string(reason::kDisabled), "spec.enabled is false: no registry is used"};
  }
  return {kTrue, std::string(reason::kUpstream), std::string(why_not_deployed(observed))};
}

ConditionValue compute_ready(const Observed& observed, const Conditions& conditions) {
  const api::Condition& accepted = conditions.get(condition::kAccepted);
  if (accepted.status != kTrue) return not_ready_because_of(accepted);
  const std::optional<api::Delivery> delivery = decide_delivery(observed);
  if (delivery != api::Delivery::kLocalRegistry)
    return compute_ready_without_registry(observed, delivery);
  if (auto problem = condition_of_refused_port(observed)) return *problem;
  const api::Condition& storage = conditions.get(condition::kStorageReady);
  const api::Condition& available = conditions.get(condition::kAvailable);
  const api::Condition& buildkit = conditions.get(condition::kBuildKitReady);
  // A pending PVC and the pod that waits for it may each name the other as the cause. StorageReady
  // comes first, because it also reports refused changes.
  if (storage.status != kTrue) return not_ready_because_of(storage);
  if (available.status != kTrue) return not_ready_because_of(available);
  if (buildkit.status != kTrue && !is_degraded_on_purpose(buildkit))
    return not_ready_because_of(buildkit);
  if (const auto failure = condition_of_failed_write(
          observed, {ObjectRole::kDeployment, ObjectRole::kStatefulSet, ObjectRole::kService})) {
    return {kFalse, failure->reason, available.message};
  }
  return {kTrue, std::string(reason::kReady), {}};  // ready_condition() adds the message
}

// Computes the condition CleanupBlocked. Children may be in namespaces that are not watched.
ConditionValue compute_cleanup_blocked(const Observed& observed) {
  return {kTrue, std::string(reason::kNamespaceNotWatched),
          fmt::format("objects of this LocalRegistry may be in namespace {}, which the operator "
                      "does not watch: add the namespace to the operator's flag "
                      "--watch-namespaces; or delete the objects there that have the label {}={}, "
                      "and remove the finalizer {} from this LocalRegistry",
                      fmt::join(observed.unwatched_namespaces, ", "), kOwnerUidLabel,
                      observed.registry->metadata.uid, kFinalizer)};
}

// Returns the condition of a child: NotObserved if the registry stays at an earlier name,
// input.absence if the child does not exist and is not to be created, else the result of `compute`.
ConditionValue condition_of_object(const StatusInput& input, bool exists,
                                   ConditionValue (*compute)(const Observed&)) {
  if (input.is_elsewhere) return not_observed();
  return input.absence && !exists ? *input.absence : compute(input.observed);
}

bool has_workload(const Observed& observed) { return find_workload(observed).metadata != nullptr; }

ConditionValue ready_condition(const StatusInput& input) {
  ConditionValue ready = compute_ready(input.observed, input.conditions);
  if (input.observed.registry->spec.suspend) {
    ready.reason = reason::kSuspended;
    ready.message = "spec.suspend is true: nothing is created, changed or removed";
  }
  if (ready.status == kTrue && ready.reason == reason::kReady) {
    ready.message = fmt::format("registry is ready; push and pull at {}", input.url);
  }
  return ready;
}

using ConditionResult = std::optional<ConditionValue>;  // nullopt: the status has no such condition

struct ConditionRow {
  std::string_view type;
  ConditionResult (*compute)(const StatusInput&);
};

// The conditions of a LocalRegistry, in the order of the status. A row may use earlier conditions.
constexpr ConditionRow kConditions[] = {
    {condition::kAccepted,
     [](const StatusInput& in) -> ConditionResult { return compute_accepted(in.refusal); }},
    {condition::kAvailable,
     [](const StatusInput& in) -> ConditionResult {
       return condition_of_object(in, has_workload(in.observed), compute_available);
     }},
    {condition::kBuildKitReady,
     [](const StatusInput& in) -> ConditionResult {
       return condition_of_object(in, has_workload(in.observed), compute_buildkit_ready);
     }},
    {condition::kStorageReady,
     [](const StatusInput& in) -> ConditionResult {
       const bool is_ephemeral = !in.observed.registry->spec.persistence.enabled;
       return condition_of_object(in, is_ephemeral || in.observed.pvc(), storage_condition);
     }},
    {condition::kUpToDate,
     [](const StatusInput& in) -> ConditionResult {
       return compute_up_to_date(in.observed, in.outdated_field);
     }},
    {condition::kReady,
     [](const StatusInput& in) -> ConditionResult { return ready_condition(in); }},
    {condition::kCleanupBlocked,
     [](const StatusInput& in) -> ConditionResult {
       if (in.observed.unwatched_namespaces.empty()) return std::nullopt;
       return compute_cleanup_blocked(in.observed);
     }},
    {condition::kConverged,
     [](const StatusInput& in) -> ConditionResult { return in.convergence; }},
};

// Returns the value of status.workload. A workload that has to be deleted comes first: if another
// client removes its labels, only the status still names it.
std::string workload_of(const Observed& observed) {
  if (observed.target_namespace && has_unseen_workload(observed)) {
    return observed.registry->status.workload;
  }
  const api::LocalRegistry& registry = *observed.registry;
  const auto is_own = [&](const auto& workload) { return is_child(observed, workload); };
  const auto must_be_deleted = [&](const auto& workload) {
    return is_own(workload) && !is_terminating(workload->metadata);
  };
  const auto name_of = [&](ObjectRole role) { return workload_name(registry, role); };
  if (registry.spec.persistence.enabled) {
    if (must_be_deleted(observed.deployment())) return name_of(ObjectRole::kDeployment);
    return is_own(observed.stateful_set()) ? name_of(ObjectRole::kStatefulSet) : "";
  }
  if (must_be_deleted(observed.stateful_set())) return name_of(ObjectRole::kStatefulSet);
  return is_own(observed.deployment()) ? name_of(ObjectRole::kDeployment) : "";
}

void set_node_port(int port, api::LocalRegistryStatus& status) {
  status.node_port = port;
  status.url = fmt::format("localhost:{}", port);
}

void describe_addresses(const Observed& observed, api::LocalRegistryStatus& status) {
  const api::LocalRegistry& registry = *observed.registry;
  // While a registry is deployed, a Service that is being deleted counts until it is gone.
  const bool has_service = is_child(observed, observed.service()) &&
                           (is_deployed(observed) || !is_terminating(observed.service()->metadata));
  const api::ServicePort* port = has_service ? find_port(*observed.service()) : nullptr;
  if (port != nullptr && port->node_port != 0) {
    set_node_port(port->node_port, status);
  } else if (has_unseen_service(observed)) {
    status.node_port = registry.status.node_port;
    status.url = registry.status.url;
  } else {
    // There is no Service, and another Service may have the port now, so no client may be sent
    // there. The port is requested again when the Service is recreated.
    status.last_node_port = remembered_node_port(registry.status);
  }
  if (port == nullptr || is_terminating(observed.service()->metadata)) return;
  status.cluster_url =
      fmt::format("{}.{}.svc:{}", registry.spec.name, api::target_namespace(registry), port->port);
}

// Describes the registry as before the refused change, with the node port that the Service has now.
void describe_earlier(const api::LocalRegistry& registry, const MisplacedChild& service,
                      api::LocalRegistryStatus& status) {
  const api::LocalRegistryStatus& earlier = registry.status;
  status.workload = earlier.workload;
  status.volume_claim = earlier.volume_claim;
  status.cluster_url = earlier.cluster_url;
  if (service.node_port == 0) {
    status.last_node_port = remembered_node_port(earlier);
    return;
  }
  set_node_port(service.node_port, status);
  status.last_node_port = earlier.last_node_port;
}

void describe(const Observed& observed, const std::optional<Refusal>& refusal,
              api::LocalRegistryStatus& status) {
  if (const MisplacedChild* service = find_earlier_service(observed, refusal)) {
    describe_earlier(*observed.registry, *service, status);
    return;
  }
  describe_addresses(observed, status);
  status.workload = workload_of(observed);
  if (observed.registry->spec.persistence.enabled && pvc_is_usable(observed)) {
    status.volume_claim = observed.pvc()->metadata.name;
  }
}

// Records what must survive a crash. `may_create`: children may be created for this spec.
void add_required_records(const Observed& observed, bool may_create,
                          api::LocalRegistryStatus& status) {
  status.other_namespaces = namespaces_to_record(observed, may_create && is_deployed(observed));
  status.first_resource_version = observed.registry->status.first_resource_version;
  if (observed.has_same_second_candidate)
    status.first_resource_version = first_resource_version(*observed.registry);
}

}  // namespace

api::LocalRegistryStatus compute_status(const Observed& observed,
                                        const std::optional<Refusal>& refusal,
                                        const ConditionValue& convergence,
                                        const std::string& outdated_field) {
  api::LocalRegistryStatus status;
  status.observed_generation = observed.registry->metadata.generation;
  status.delivery = decide_delivery(observed);
  describe(observed, refusal, status);
  add_required_records(observed, !refusal && !observed.registry->spec.suspend, status);
  status.images = describe_images(observed, status.url);
  Conditions conditions(observed);
  const StatusInput input{observed,
                          refusal,
                          status.url,
                          conditions,
                          convergence,
                          outdated_field,
                          find_earlier_service(observed, refusal) != nullptr,
                          condition_of_absent_object(observed, refusal)};
  for (const ConditionRow& row : kConditions) {
    if (const auto value = row.compute(input)) conditions.set(row.type, *value);
  }
  status.conditions = conditions.take();
  return status;
}

api::LocalRegistryStatus compute_status_of_partial_object(const Observed& observed,
                                                          const Refusal& missing) {
  api::LocalRegistryStatus status = observed.registry->status;
  status.observed_generation = observed.registry->metadata.generation;
  Conditions conditions(observed);
  conditions.set(condition::kAccepted, compute_accepted(missing));
  conditions.set(condition::kReady, compute_accepted(missing));
  replace(status.conditions, conditions.take());
  return status;
}

api::LocalRegistryStatus status_after_failure(const Observed& observed,
                                              const ConditionValue& convergence) {
  api::LocalRegistryStatus status = observed.registry->status;
  Conditions conditions(observed);
  conditions.set(condition::kConverged, convergence);
  const api::Condition* ready = api::find_condition(status.conditions, condition::kReady);
  if (ready == nullptr || ready->status != kFalse) conditions.set(condition::kReady, convergence);
  replace(status.conditions, conditions.take());
  return status;
}

api::LocalRegistryStatus status_with_required_records(const Observed& observed) {
  api::LocalRegistryStatus status = observed.registry->status;
  add_required_records(observed, true, status);
  status.first_resource_version = first_resource_version(*observed.registry);
  return status;
}

api::LocalRegistryStatus status_with_blocked_cleanup(const Observed& observed) {
  Conditions conditions(observed);
  conditions.set(condition::kCleanupBlocked, compute_cleanup_blocked(observed));
  api::LocalRegistryStatus status = observed.registry->status;
  replace(status.conditions, conditions.take());
  return status;
}

bool is_equivalent(const api::LocalRegistryStatus& wanted,
                   const api::LocalRegistryStatus& existing) {
  for (const api::Condition& condition : wanted.conditions) {
    const api::Condition* found = api::find_condition(existing.conditions, condition.type);
    if (found == nullptr || *found != condition) return false;
  }
  const auto is_blocked = [](const api::LocalRegistryStatus& status) {
    return api::find_condition(status.conditions, condition::kCleanupBlocked) != nullptr;
  };
  if (is_blocked(wanted) != is_blocked(existing)) return false;
  api::LocalRegistryStatus rest = existing;
  rest.conditions = wanted.conditions;
  return rest == wanted;
}

}  // namespace reconcile
