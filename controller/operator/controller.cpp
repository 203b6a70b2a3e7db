#include "operator/controller.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <map>

#include "async/parallel.h"
#include "operator/scoped_flag.h"
#include "reconcile/checks/acceptance.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/checks/rivalry.h"
#include "reconcile/children/names.h"
#include "reconcile/status/reasons.h"

namespace controller {
namespace {

namespace asio = boost::asio;

base::Error not_converged_error(const ReconcileState& state) {
  return {
      base::ErrorCode::kConflict,
      state.conflicted
          ? "the children changed while the operator wrote them; if this goes on, look up in "
            "metadata.managedFields of the children which client changes them"
          : "the children still differ from the spec of the LocalRegistry after the last pass; if "
            "this goes on, look up in metadata.managedFields of the children which client changes "
            "them"};
}

// Returns the result of the reconcile. An error that may go away by itself is retried with backoff.
// After other failures the key is reconciled again after plan.requeue_after, or on an event.
runtime::ReconcileResult outcome(const ReconcileState& state, const reconcile::Plan& plan) {
  if (!plan.actions.empty()) return not_converged_error(state);
  for (const reconcile::FailedRequest& failure : state.failures) {
    if (failure.error.transient()) return failure.error;
  }
  return runtime::Requeue{plan.requeue_after};
}

// Returns whether no request and no precondition failed in this reconcile.
bool had_no_failure(const ReconcileState& state) {
  return state.failures.empty() && !state.conflicted;
}

// Returns whether the next reconcile would plan no action.
bool needs_no_further_reconcile(const ReconcileState& state, const reconcile::Plan& plan) {
  return had_no_failure(state) && plan.actions.empty() && !plan.requeue_after;
}

// Returns the oldest limits::kRivals of the candidates that may want a registry, because
// find_rival() compares no more than these. The others are reconciled every limits::kConflictCheck
// anyway.
std::vector<kube::IndexCandidate> oldest(std::vector<kube::IndexCandidate> candidates) {
  std::erase_if(candidates, [](const kube::IndexCandidate& candidate) {
    return !reconcile::may_want_registry(candidate.summary);
  });
  const auto some = std::min(candidates.size(), limits::kRivals);
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(some),
                    candidates.end(),
                    [](const kube::IndexCandidate& one, const kube::IndexCandidate& other) {
                      return one.summary < other.summary;
                    });
  candidates.resize(some);
  return candidates;
}

}  // namespace

Controller::Controller(const kube::Environment& environment, Caches& caches,
                       kube::EventRecorder& events, runtime::RunnerObserver& observer,
                       registry::PushChecker& checker, std::size_t workers,
                       std::vector<std::string> allowed_images)
    : environment_(environment),
      caches_(caches),
      events_(events),
      observer_(observer),
      push_checks_(environment, checker, [this](const Key& key) { enqueue(key); }),
      histories_(environment.clock),
      executor_(environment, caches, push_checks_, histories_),
      workers_(workers),
      allowed_images_(std::move(allowed_images)) {
  watch_caches();
}

void Controller::watch_caches() {
  caches_.registries.store().on_change(
      [this](const api::LocalRegistry* before, const api::LocalRegistry* after) {
        const api::LocalRegistry& registry = after != nullptr ? *after : *before;
        if (!recording_last_status_) enqueue(api::key_of(registry.metadata));
        if (after == nullptr) push_checks_.forget(api::key_of(registry.metadata));
        if (after != nullptr) push_checks_.update(*after);
        const bool is_another = before != nullptr && registry.metadata.uid != before->metadata.uid;
        if (after == nullptr || is_another) histories_.forget(api::key_of(registry.metadata));
        // The LocalRegistry may want another target name now, or no name any more. Enqueue the
        // other LocalRegistries that want the old or the new name.
        const bool moved = before == nullptr || after == nullptr || before->spec != after->spec ||
                           before->status.delivery != after->status.delivery;
        if (!moved) return;
        if (before != nullptr) enqueue_rivals(reconcile::target_key(*before), before->metadata.uid);
        if (after != nullptr) enqueue_rivals(reconcile::target_key(*after), after->metadata.uid);
      });
  caches_.namespaces.store().on_change(
      [this](const api::Namespace* before, const api::Namespace* after) {
        const api::ObjectMeta& meta = after != nullptr ? after->metadata : before->metadata;
        for (const auto& registry : caches_.candidates_for_namespace(meta.name))
          enqueue(registry.key());
      });
  caches_.each_children_cache([this](auto& cache) { watch_children(cache); });
  watch_children(caches_.pods);
}

template <class T>
void Controller::watch_children(OwnedObjectCache<T>& cache) {
  cache.store().on_change([this](const T* before, const T* after) {
    const auto owner = [this](const T* object) {
      return object == nullptr ? api::ObjectKey() : owner_of(object->metadata);
    };
    const api::ObjectKey earlier = owner(before);
    const api::ObjectKey now = owner(after);
    if (!earlier.name.empty()) enqueue(earlier);
    if (!now.name.empty() && now != earlier) enqueue(now);
    // A LocalRegistry with a name conflict may get the name of the deleted object.
    if (after == nullptr) enqueue_rivals(api::key_of(before->metadata));
  });
}

// Returns the key of the LocalRegistry to reconcile when the object changes. Its name is empty when
// there is none. An object in a namespace where the LocalRegistry cannot have children does not
// count, even if the object names the LocalRegistry as its owner.
Controller::Key Controller::owner_of(const api::ObjectMeta& object) const {
  Key owner = reconcile::owner_key(object);
  const auto registry = caches_.registries.store().get(owner);
  const bool counts = registry ? reconcile::may_have_children_in(*registry, object.namespace_name)
                               : caches_.may_be_orphan(object);
  return counts ? owner : Key();
}

void Controller::enqueue(const Key& key) {
  if (runner_) runner_->add(key);
}

void Controller::enqueue_rivals(const api::ObjectKey& target, std::string_view except_uid) {
  for (const kube::IndexCandidate& rival : oldest(caches_.candidates_for_name(target))) {
    if (!rival.entry.has_uid(except_uid)) enqueue(rival.key());
  }
}

// Enqueues every LocalRegistry, and the key of every deleted LocalRegistry that still has children.
void Controller::enqueue_everything() {
  caches_.registries.store().each(
      [this](const auto& registry) { enqueue(api::key_of(registry->metadata)); });
  reconcile::for_each_row([this](auto row) {
    if (row.kPolicy.is_retained) return;
    const auto& cache = caches_.children<reconcile::ObjectOf<decltype(row)>>();
    cache.store().each([this](const auto& object) {
      const Key owner = owner_of(object->metadata);
      if (!owner.name.empty()) enqueue(owner);
    });
  });
}

asio::awaitable<void> Controller::run() {
  co_await caches_.wait_synced();
  kind_cluster_ = co_await detect_kind_cluster();
  runner_ = std::make_unique<runtime::Runner<Key>>(
      environment_.executor, runtime::RunnerOptions{workers_},
      [this](Key key) { return reconcile(std::move(key)); }, environment_.clock,
      environment_.logger, observer_);
  environment_.logger.info("reconciling",
                           {{"resources", std::to_string(caches_.registries.store().size())},
                            {"kind_cluster", kind_cluster_ ? "true" : "false"}});
  enqueue_everything();
  std::exception_ptr failure;
  try {
    std::vector<asio::awaitable<void>> branches;
    branches.push_back(push_checks_.run());  // first, because reconciles start checks
    branches.push_back(runner_->run());
    branches.push_back(watch_nodes());
    co_await async::run_until_one_ends(std::move(branches));
  } catch (...) {
    failure = std::current_exception();
  }
  runner_.reset();
  if (failure) std::rethrow_exception(failure);
}

asio::awaitable<runtime::ReconcileResult> Controller::reconcile(Key key) {
  ReconcileState state;
  state.key = key;
  const auto before = caches_.registries.store().get(key);
  if (before) report_missing_part(*before);
  const auto deadline = environment_.clock.now() + limits::kPassesTime;
  for (int pass = 0;; ++pass) {
    // Most of these requests come from the writes of this reconcile itself.
    if (had_no_failure(state)) runner_->drop_covered_requests(key);
    const reconcile::Observed observed = observe(state);
    reconcile::Plan plan = reconcile::plan(observed);
    const bool is_over =
        pass == limits::kPassesPerReconcile || environment_.clock.now() >= deadline;
    if (plan.actions.empty() || is_over) {
      co_return co_await finish(state, std::move(plan), before, observed.registry);
    }
    co_await executor_.execute(std::move(plan.actions), state);
  }
}

reconcile::Observed Controller::observe(const ReconcileState& state) const {
  ClusterFacts facts{kind_cluster_, environment_.clock.wall()};
  facts.allowed_images = allowed_images_;
  const auto registry = caches_.registries.store().get(state.key);
  if (registry) facts.push_checks = push_checks_.of(*registry);
  facts.history = histories_.of(state.key);
  facts.instant = environment_.clock.now();
  return gather(caches_, state, facts);
}

asio::awaitable<runtime::ReconcileResult> Controller::finish(
    ReconcileState& state, reconcile::Plan plan, std::shared_ptr<const api::LocalRegistry> before,
    std::shared_ptr<const api::LocalRegistry> after) {
  for (const reconcile::ObjectRole role : plan.ended_contests) {
    histories_.end_contest(state.key, role);
  }
  base::Result<void> written;
  if (after && plan.status) {
    auto writing = executor_.write_status(after, *plan.status);
    const auto answer = co_await std::move(writing);
    if (!answer) written = answer.error();
    if (answer && *answer) record_status(**answer, needs_no_further_reconcile(state, plan));
  }
  // Events are recorded once, whether or not the status could be written.
  if (before && after && before->metadata.uid == after->metadata.uid) {
    record_events(*after,
                  reconcile::compute_events(*before, state.done,
                                            plan.status && written ? *plan.status : after->status));
  }
  if (!written) co_return written.error();
  co_return outcome(state, plan);
}

// If the cache holds only a part of the LocalRegistry, records an event about that, because the
// status may not be able to report it.
void Controller::report_missing_part(const api::LocalRegistry& registry) {
  const auto missing = reconcile::find_missing_part(registry);
  if (!missing) return;
  record_events(registry, {{true, std::string(missing->reason), "Reconcile", missing->message}});
}

// Records the written status in the cache. `last`: the next reconcile would plan no action, so this
// change does not enqueue the LocalRegistry again.
void Controller::record_status(const api::LocalRegistry& written, bool last) {
  const ScopedFlag recording(recording_last_status_, last);
  caches_.registries.store().record_written(written);
}

void Controller::record_events(const api::LocalRegistry& registry,
                               const std::vector<reconcile::ReconcileEvent>& events) {
  for (const reconcile::ReconcileEvent& event : events) {
    environment_.logger.info("event", {{"resource", api::to_string(api::key_of(registry.metadata))},
                                       {"reason", event.reason},
                                       {"note", event.note}});
    events_.record({kube::reference_to(api::Resource<api::LocalRegistry>::kType, registry.metadata),
                    event.warning ? kube::EventType::kWarning : kube::EventType::kNormal,
                    event.reason, event.action, event.note});
  }
}

// Returns whether this is a KinD cluster, which any one of its nodes shows. Returns false if the
// operator may not list nodes. Other errors are retried until the API server answers, because a
// wrong answer would deploy a registry that has to be removed again.
asio::awaitable<bool> Controller::detect_kind_cluster() {
  bool warned = false;
  while (true) {
    kube::ListOptions options;
    options.limit = 1;
    auto listing = environment_.client.list<api::Node>(options);
    const base::Result<kube::List<api::Node>> nodes = co_await std::move(listing);
    if (nodes) {
      co_return !nodes->items.empty() &&
          nodes->items.front().spec.provider_id.rfind("kind://", 0) == 0;
    }
    if (!warned) {
      environment_.logger.warning("cannot list nodes to find out whether this is a KinD cluster",
                                  {{"error", base::to_string(nodes.error())}});
    }
    warned = true;
    if (nodes.error().code == base::ErrorCode::kForbidden) co_return false;
    co_await environment_.clock.sleep_for(limits::kNodeRetry);
  }
}

asio::awaitable<void> Controller::watch_nodes() {
  while (true) {
    co_await environment_.clock.sleep_for(limits::kNodeCheck);
    const bool is_kind = co_await detect_kind_cluster();
    if (is_kind == kind_cluster_) continue;
    kind_cluster_ = is_kind;
    enqueue_everything();
  }
}

std::optional<runtime::QueueState> Controller::queue_state() const {
  if (!runner_) return std::nullopt;
  return runner_->queue_state();
}

std::vector<ResourceCount> Controller::count_resources() const {
  std::map<std::pair<std::string, std::string>, std::size_t> counts;
  caches_.registries.store().each([&](const auto& registry) {
    const auto& status = registry->status;
    const api::Condition* ready =
        api::find_condition(status.conditions, reconcile::condition::kReady);
    ++counts[{status.delivery ? std::string(api::name(*status.delivery)) : std::string(),
              ready == nullptr ? "Unknown" : ready->status}];
  });
  std::vector<ResourceCount> list;
  list.reserve(counts.size());
  for (const auto& [labels, count] : counts) list.push_back({labels.first, labels.second, count});
  return list;
}

}  // namespace controller
