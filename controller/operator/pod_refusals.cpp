#include "operator/pod_refusals.h"

#include <fmt/core.h>

#include <utility>

#include "api/managed_fields.h"
#include "base/limits.h"
#include "reconcile/status/pods.h"

namespace controller {

namespace asio = boost::asio;

asio::awaitable<base::Result<reconcile::PodRefusal>> PodRefusals::refusal_in_events(
    reconcile::ReadPodRefusal action) {
  const kube::Client client = environment_.client.with_timeout(limits::kPodRefusalTimeout);
  auto reading = client.get_with_managed_fields<api::ManagedFieldsOf<api::StatefulSet>>(action.key);
  const auto set = co_await std::move(reading);
  if (!set) co_return set.error();
  const base::Time changed = api::last_change(set->metadata.managed_fields);
  if (changed == base::Time()) co_return reconcile::PodRefusal();
  kube::ListOptions options;
  options.namespace_name = action.key.namespace_name;
  options.field_selector = fmt::format("regarding.uid={},reason=FailedCreate", action.uid);
  options.limit = limits::kPodRefusalEvents;
  auto listing = client.list<api::EventSummary>(options);
  const base::Result<kube::List<api::EventSummary>> events = co_await std::move(listing);
  if (!events) co_return events.error();
  co_return reconcile::PodRefusal{true, reconcile::latest_refusal(events->items, changed), changed};
}

asio::awaitable<void> PodRefusals::read(reconcile::ReadPodRefusal action, ReconcileState& state) {
  state.pod_refusal = reconcile::PodRefusal();
  const std::string name = action.key.namespace_name;
  if (reads_.total() >= limits::kPodRefusalReads ||
      reads_.of(name) >= limits::kPodRefusalReadsPerNamespace) {
    co_return;
  }
  struct Counted {
    Counts& reads;
    const std::string& name;
    ~Counted() { reads.remove(name); }
  };
  reads_.add(name);
  const Counted counted{reads_, name};
  const std::string stateful_set = api::to_string(action.key);
  auto reading = refusal_in_events(std::move(action));
  base::Result<reconcile::PodRefusal> refusal = co_await std::move(reading);
  if (refusal) {
    state.pod_refusal = *std::move(refusal);
  } else if (!std::exchange(has_warned_, true)) {
    environment_.logger.warning(
        "cannot read the Events of a StatefulSet that has no pod; this is logged once",
        {{"object", stateful_set}, {"error", base::to_string(refusal.error())}});
  }
}

}  // namespace controller
