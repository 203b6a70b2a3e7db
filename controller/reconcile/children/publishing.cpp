#include "reconcile/children/publishing.h"

#include <algorithm>

#include "base/limits.h"
#include "reconcile/children/names.h"
#include "reconcile/status/pods.h"

namespace reconcile {
namespace {

// Before `since` + `delay`, returns `initial` and the remaining time; later, the opposite of
// `initial`.
Publishing after(bool initial, base::Time since, std::chrono::seconds delay, base::Time now) {
  const auto left = since + delay - now;
  if (left <= base::Time::duration::zero()) return {!initial, {}};
  return {initial, std::chrono::ceil<std::chrono::milliseconds>(left)};
}

bool has_failing_sidecar(const api::Pod& pod, base::Time now) {
  const auto& containers = pod.status.container_statuses;
  return std::any_of(containers.begin(), containers.end(), [&](const auto& container) {
    return container.name != kRegistryContainer &&
           (waits_for_reason(container) || find_crash(container, now) != nullptr);
  });
}

base::Time start_of(const api::Pod& pod, const api::ContainerStatus& registry) {
  const auto& running = registry.state.running;
  if (running && running->started_at) return *running->started_at;
  return pod.metadata.creation_timestamp.value_or(base::Time());
}

}  // namespace

Publishing decide_publishing(const Observed& observed) {
  const Workload workload = find_workload(observed);
  if (workload.metadata == nullptr || has_terminating_pod(observed, workload)) return {};
  const api::Pod* pod = find_pod(observed, workload);
  if (pod == nullptr) return {};
  const bool current = observed.service() &&
                       observed.service()->spec.publish_not_ready_addresses == api::Switch::kOn;
  const api::Condition* ready = api::find_condition(pod->status.conditions, "Ready");
  if (ready != nullptr && ready->status == api::condition_status::kTrue) {
    if (!current) return {};
    return after(true, ready->last_transition_time.value_or(base::Time()),
                 limits::kSidecarUnpublishDelay, observed.now);
  }
  const api::ContainerStatus* registry = find_container(*pod, kRegistryContainer);
  if (current || registry == nullptr || !is_ready(*pod, *registry)) return {current, {}};
  if (has_failing_sidecar(*pod, observed.now)) return {true, {}};
  return after(false, start_of(*pod, *registry), limits::kSidecarPublishDelay, observed.now);
}

}  // namespace reconcile
