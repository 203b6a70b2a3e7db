#include "operator/execute.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "api/managed_fields.h"
#include "async/task_group.h"
#include "base/limits.h"
#include "reconcile/names.h"
#include "reconcile/node_port.h"
#include "reconcile/places.h"
#include "reconcile/pods.h"

namespace controller {
namespace {

namespace asio = boost::asio;
using base::ErrorCode;
using reconcile::ObjectKind;

// True when the node port is already allocated. The API server reports a Service as deleted before
// it releases the Service's node port. So for a moment, the API server may refuse a recreated
// Service its previous port.
bool is_port_taken(const base::Error& error) {
  return error.code == ErrorCode::kInvalid &&
         error.message.find("provided port is already allocated") != std::string::npos;
}

void fail(ReconcileState& state, ObjectKind kind, const base::Error& error, int node_port = 0) {
  state.failures.push_back({kind, error, node_port});
}

template <class T>
kube::ApplyGuard guard_of(const reconcile::Apply<T>& action) {
  if (action.uid.empty()) return kube::ApplyGuard::create_only();
  if (action.resource_version.empty()) return kube::ApplyGuard::uid(action.uid);
  api::ObjectMeta observed;
  observed.uid = action.uid;
  observed.resource_version = action.resource_version;
  return kube::ApplyGuard::unchanged(observed);
}

reconcile::WriteRecord record_of(const reconcile::ResetStrategy& action,
                                 const api::Deployment& after) {
  return reconcile::record_of_strategy(action.intent, after);
}

reconcile::WriteRecord record_of(const reconcile::ResetPorts& action, const api::Service& after) {
  return reconcile::record_of_ports(action.intent, action.patch, after);
}

// Returns the history record of a delete that precedes the recreation of the object.
reconcile::WriteRecord record_of(const reconcile::Delete& action) {
  reconcile::WriteRecord write;
  write.kind = action.kind;
  write.intent = action.intent;
  write.healed = action.healed;
  write.is_delete = true;
  return write;
}

// Drops the failures of that kind of object, because they do not apply to the changed or recreated
// object.
void clear_failures_of(ReconcileState& state, ObjectKind kind) {
  std::erase_if(state.failures,
                [&](const reconcile::FailedRequest& failure) { return failure.kind == kind; });
}

// Updates ReconcileState::children after a delete. `after`: the deleted object while finalizers
// keep it; null once it is gone.
void record_removal(ReconcileState& state, const std::string& uid, const api::ObjectMeta* after) {
  if (after == nullptr) {
    std::erase_if(state.children, [&](const reconcile::MisplacedChild& child) {
      return child.metadata.uid == uid;
    });
    return;
  }
  for (reconcile::MisplacedChild& child : state.children) {
    if (child.metadata.uid == uid) child.metadata = *after;
  }
}

bool is_failed_read(const reconcile::FailedRequest& failure) {
  return failure.kind == ObjectKind::kLocalRegistry;
}

// Returns the error of a live read that ended before the last page of the list. A child may be on a
// later page.
base::Error too_many_forged(ObjectKind kind, const std::string& namespace_name) {
  return {
      ErrorCode::kTooLarge,
      fmt::format("the objects of kind {} in namespace \"{}\" cannot be listed: more than {} "
                  "objects have the label {} of this LocalRegistry but belong to another "
                  "controller; remove the label from them",
                  reconcile::kind_name(kind), namespace_name,
                  limits::kPagesOfChildren * limits::kObjectsOfOwner, reconcile::kOwnerUidLabel)};
}

// Records that a read found no object of that name. Only the version that was cached before the
// read is dropped: a newer object may have been created since the API server answered.
template <class T>
void record_absence(kube::Store<T>& store, const api::ObjectKey& key,
                    const std::shared_ptr<const T>& before) {
  if (before) store.record_deleted(key, before->metadata.uid, before->metadata.resource_version);
}

}  // namespace

asio::awaitable<void> Executor::execute(std::vector<reconcile::Action> actions,
                                        ReconcileState& state) {
  if (actions.size() == 1) {
    co_await execute_one(std::move(actions.front()), state);
    co_return;
  }
  co_await asio::this_coro::throw_if_cancelled(false);  // see TaskGroup
  async::TaskGroup group(co_await asio::this_coro::executor);
  for (reconcile::Action& action : actions) group.spawn(execute_one(std::move(action), state));
  co_await group.join();
}

asio::awaitable<void> Executor::execute_one(reconcile::Action action, ReconcileState& state) {
  using reconcile::Apply;
  if (std::holds_alternative<reconcile::ReadLive>(action)) {
    co_await read_live(state);
  } else if (auto* refusal = std::get_if<reconcile::ReadPodRefusal>(&action)) {
    co_await read_pod_refusal(std::move(*refusal), state);
  } else if (const auto* check = std::get_if<reconcile::CheckPush>(&action)) {
    check_push(*check, state);
  } else if (auto* contested = std::get_if<reconcile::RecordContestedFields>(&action)) {
    co_await record_contested_fields(std::move(*contested), state);
  } else if (const auto* finalizer = std::get_if<reconcile::SetFinalizer>(&action)) {
    co_await set_finalizer(*finalizer, state);
  } else if (auto* pvc = std::get_if<Apply<api::PersistentVolumeClaim>>(&action)) {
    co_await apply(caches_.pvcs, std::move(*pvc), state.pvc, state);
  } else if (auto* deployment = std::get_if<Apply<api::Deployment>>(&action)) {
    co_await apply(caches_.deployments, std::move(*deployment), state.deployment, state);
  } else if (auto* strategy = std::get_if<reconcile::ResetStrategy>(&action)) {
    co_await reset(caches_.deployments, std::move(*strategy), state.deployment, state);
  } else if (auto* ports = std::get_if<reconcile::ResetPorts>(&action)) {
    co_await reset(caches_.services, std::move(*ports), state.service, state);
  } else if (auto* set = std::get_if<Apply<api::StatefulSet>>(&action)) {
    co_await apply(caches_.stateful_sets, std::move(*set), state.stateful_set, state);
  } else if (auto* service = std::get_if<Apply<api::Service>>(&action)) {
    co_await apply(caches_.services, std::move(*service), state.service, state);
  } else if (auto* gone = std::get_if<reconcile::Delete>(&action)) {
    switch (gone->kind) {
      case ObjectKind::kDeployment:
        co_await remove(caches_.deployments, *gone, state.deployment, state);
        break;
      case ObjectKind::kStatefulSet:
        co_await remove(caches_.stateful_sets, *gone, state.stateful_set, state);
        break;
      case ObjectKind::kService:
        co_await remove(caches_.services, *gone, state.service, state);
        break;
      case ObjectKind::kPvc: co_await remove(caches_.pvcs, *gone, state.pvc, state); break;
      case ObjectKind::kLocalRegistry: break;
    }
  }
}

template <class T>
asio::awaitable<void> Executor::apply(OwnedObjectCache<T>& cache, reconcile::Apply<T> action,
                                      std::shared_ptr<const T>& foreign, ReconcileState& state) {
  const ObjectKind kind = reconcile::kind_of(action);
  const api::ObjectKey key = api::key_of(action.object.metadata);
  const kube::ApplyGuard guard = guard_of(action);
  const auto before = cache.store().get(key);
  auto applying = environment_.client.apply(action.object, guard);
  base::Result<T> result = co_await std::move(applying);
  for (auto delay = limits::kNodePortFirstRetry;
       action.port_may_be_released_soon && !result && is_port_taken(result.error()) &&
       delay <= limits::kNodePortLastRetry;
       delay *= 2) {
    co_await environment_.clock.sleep_for(delay);
    auto again = environment_.client.apply(action.object, guard);
    result = co_await std::move(again);
  }
  if (result) {
    record(before.get(), *result, action, state);
    // Creations and heals are reported by an event, which is logged too.
    const bool is_reported = action.cause != reconcile::Cause::kUpdate;
    const auto log = is_reported ? &base::Logger::debug : &base::Logger::info;
    (environment_.logger.*log)("applied", {{"kind", std::string(reconcile::kind_name(kind))},
                                           {"object", api::to_string(key)},
                                           {"field", action.field}});
    cache.store().record_written(*std::move(result));
    state.done.emplace_back(std::move(action));
    co_return;
  }
  const base::Error error = result.error();
  if (error.code == ErrorCode::kConflict || error.code == ErrorCode::kAlreadyExists) {
    state.conflicted = true;
    co_await read(cache, key, foreign, state);
    co_return;
  }
  histories_.record_failed_write(state.key, kind);
  const int port = reconcile::node_port_of_child(action.object);
  fail(state, kind, error, reconcile::refused_node_port(error, port));
}

// Records a write in the histories. If the answer differs from what was applied, a webhook or
// policy changes that field, and no event may report the field as healed.
template <class T>
void Executor::record(const T* before, const T& after, reconcile::Apply<T>& action,
                      const ReconcileState& state) {
  reconcile::WriteRecord write;
  write.kind = reconcile::kind_of(action);
  write.intent = reconcile::digest_of(action.object);
  write.overridden = reconcile::differing_fields(action.object, after);
  if (before != nullptr) {
    const bool is_heal = action.cause == reconcile::Cause::kHeal;
    write.healed = reconcile::healed_fields(action.object, *before, is_heal);
  }
  const auto& overridden = write.overridden;
  if (std::find(overridden.begin(), overridden.end(), action.field) != overridden.end()) {
    action.cause = reconcile::Cause::kUpdate;
    action.field.clear();
  }
  histories_.record_write(state.key, std::move(write));
}

template <class T, class Reset>
asio::awaitable<void> Executor::reset(OwnedObjectCache<T>& cache, Reset action,
                                      std::shared_ptr<const T>& foreign, ReconcileState& state) {
  const api::ObjectKey key = api::key_of(action.patch.metadata);
  auto patching = environment_.client.patch<T>(key, api::encode_object(action.patch));
  base::Result<T> result = co_await std::move(patching);
  if (result) {
    histories_.record_write(state.key, record_of(action, *result));
    cache.store().record_written(*std::move(result));
    clear_failures_of(state, reconcile::kind_of(action));
    state.done.emplace_back(std::move(action));
  } else if (result.error().code == ErrorCode::kConflict ||
             result.error().code == ErrorCode::kNotFound) {
    state.conflicted = true;
    co_await read(cache, key, foreign, state);
  } else {
    histories_.record_failed_write(state.key, reconcile::kind_of(action));
    fail(state, reconcile::kind_of(action), result.error());
  }
}

template <class T>
asio::awaitable<void> Executor::remove(OwnedObjectCache<T>& cache, reconcile::Delete action,
                                       std::shared_ptr<const T>& foreign, ReconcileState& state) {
  const kube::Preconditions preconditions{action.uid, action.resource_version};
  const auto propagation =
      action.keeps_pods ? kube::Propagation::kOrphan : kube::Propagation::kBackground;
  auto removing = environment_.client.remove<T>(action.key, preconditions, propagation);
  base::Result<std::optional<T>> result = co_await std::move(removing);
  if (result) {
    environment_.logger.info("deleted", {{"kind", std::string(reconcile::kind_name(action.kind))},
                                         {"object", api::to_string(action.key)}});
    record_removal(state, action.uid, *result ? &(*result)->metadata : nullptr);
    if (!action.healed.empty()) histories_.record_write(state.key, record_of(action));
    if (result->has_value()) {
      cache.store().record_written(**std::move(result));
    } else {
      cache.store().record_deleted(action.key, action.uid, "");
    }
    clear_failures_of(state, action.kind);
    state.done.emplace_back(std::move(action));
    co_return;
  }
  const base::Error error = result.error();
  if (error.code == ErrorCode::kNotFound) {
    record_removal(state, action.uid, nullptr);
    cache.store().record_deleted(action.key, action.uid, "");
  } else if (error.code == ErrorCode::kConflict) {
    state.conflicted = true;
    state.live = false;  // the listed children are stale
    record_removal(state, action.uid, nullptr);
    co_await read(cache, action.key, foreign, state);
  } else {
    fail(state, action.kind, error);
  }
}

// Reads the object live and records it in the cache. `foreign` is set to the object at the target
// name if the cache does not hold that object.
template <class T>
asio::awaitable<void> Executor::read(OwnedObjectCache<T>& cache, api::ObjectKey key,
                                     std::shared_ptr<const T>& foreign, ReconcileState& state) {
  const auto before = cache.store().get(key);
  auto reading = environment_.client.get<T>(key);
  base::Result<T> result = co_await std::move(reading);
  const auto registry = caches_.registries.store().get(state.key);
  const bool is_target = registry && target_key(*registry) == key;
  if (is_target) foreign.reset();
  if (result) {
    if (reconcile::is_managed(result->metadata)) {
      cache.store().record_written(*result);
      // A full cache does not hold the object.
      if (is_target && !cache.store().get(key)) {
        foreign = std::make_shared<const T>(*std::move(result));
      }
    } else if (is_target) {
      foreign = std::make_shared<const T>(*std::move(result));
    }
  } else if (result.error().code == ErrorCode::kNotFound) {
    record_absence(cache.store(), key, before);
  } else {
    fail(state, ObjectKind::kLocalRegistry, result.error());
  }
}

asio::awaitable<base::Result<Executor::Registry>> Executor::read_registry(api::ObjectKey key) {
  auto& store = caches_.registries.store();
  const auto before = store.get(key);
  auto reading = environment_.client.get<api::LocalRegistry>(key);
  base::Result<api::LocalRegistry> result = co_await std::move(reading);
  if (result) {
    auto found = std::make_shared<const api::LocalRegistry>(*std::move(result));
    store.record_written(*found);
    co_return base::Result<Registry>(std::move(found));
  }
  if (result.error().code != ErrorCode::kNotFound) co_return result.error();
  record_absence(store, key, before);
  co_return base::Result<Registry>(Registry());
}

asio::awaitable<void> Executor::read_live(ReconcileState& state) {
  auto reading = read_registry(state.key);
  const base::Result<Registry> found = co_await std::move(reading);
  if (!found) {
    fail(state, ObjectKind::kLocalRegistry, found.error());
    co_return;
  }
  if (*found && caches_.watches(api::target_namespace(**found))) {
    co_await read_objects(target_key(**found), state);
  }
  state.registry = *found;
  state.children.clear();
  if (*found) {
    for (const std::string& name : reconcile::namespaces_to_search(**found)) {
      if (caches_.watches(name)) co_await read_namespace(name, state);
    }
  }
  // If a read failed, `live` must stay false: the plan would treat the unread object as absent.
  state.live = std::none_of(state.failures.begin(), state.failures.end(), is_failed_read);
}

asio::awaitable<void> Executor::read_objects(api::ObjectKey target, ReconcileState& state) {
  co_await asio::this_coro::throw_if_cancelled(false);  // see TaskGroup
  async::TaskGroup group(co_await asio::this_coro::executor);
  group.spawn(read(caches_.deployments, target, state.deployment, state));
  group.spawn(read(caches_.stateful_sets, target, state.stateful_set, state));
  group.spawn(read(caches_.services, target, state.service, state));
  group.spawn(read(caches_.pvcs, target, state.pvc, state));
  co_await group.join();
  const auto pvc = caches_.pvcs.store().get(target);
  if (!pvc) co_return;
  const api::ObjectKey owner = reconcile::owner_key(pvc->metadata);
  if (owner.name.empty() || owner == state.key || !caches_.watches(owner.namespace_name)) {
    co_return;
  }
  auto reading = read_registry(owner);
  const base::Result<Registry> read = co_await std::move(reading);
  if (!read) fail(state, ObjectKind::kLocalRegistry, read.error());
}

asio::awaitable<void> Executor::read_namespace(std::string name, ReconcileState& state) {
  co_await asio::this_coro::throw_if_cancelled(false);  // see TaskGroup
  kube::ListOptions options;
  options.namespace_name = std::move(name);
  options.label_selector =
      fmt::format("{}={},{}={}", reconcile::kManagedByLabel, reconcile::kManager,
                  reconcile::kOwnerUidLabel, state.registry->metadata.uid);
  options.limit = static_cast<int>(limits::kObjectsOfOwner);
  async::TaskGroup group(co_await asio::this_coro::executor);
  group.spawn(read_children<api::Deployment>(ObjectKind::kDeployment, options, state));
  group.spawn(read_children<api::StatefulSet>(ObjectKind::kStatefulSet, options, state));
  group.spawn(read_children<api::Service>(ObjectKind::kService, options, state));
  group.spawn(read_children<api::PersistentVolumeClaim>(ObjectKind::kPvc, options, state));
  co_await group.join();
}

template <class T>
asio::awaitable<void> Executor::read_children(ObjectKind kind, kube::ListOptions options,
                                              ReconcileState& state) {
  for (std::size_t page = 0; page < limits::kPagesOfChildren; ++page) {
    auto listing = environment_.client.list<T>(options);
    base::Result<kube::List<T>> result = co_await std::move(listing);
    if (!result) {
      // When a namespace is deleted, the operator's Role there and the children are deleted with
      // it.
      const bool is_gone = result.error().code == ErrorCode::kForbidden &&
                           !caches_.namespaces.store().get({"", options.namespace_name});
      if (!is_gone) fail(state, ObjectKind::kLocalRegistry, result.error());
      co_return;
    }
    std::size_t found = 0;
    for (const T& child : result->items) {
      if (!reconcile::belongs_to(child.metadata, *state.registry)) continue;
      state.children.push_back({kind, child.metadata, reconcile::node_port_of_child(child)});
      ++found;
    }
    options.continue_token = result->metadata.continue_token;
    // One page with children is enough: once they are deleted, the next live read finds the others.
    if (options.continue_token.empty() || found > 0) co_return;
  }
  fail(state, ObjectKind::kLocalRegistry, too_many_forged(kind, options.namespace_name));
}

// Reads the field managers of the contested fields. They stay empty when the read fails.
template <class T>
asio::awaitable<void> Executor::read_managers(api::ObjectKey key, std::string own,
                                              std::map<std::string, std::string>& managers) {
  auto reading = environment_.client.get_with_managed_fields<api::ManagedFieldsOf<T>>(key);
  const base::Result<api::ManagedFieldsOf<T>> result = co_await std::move(reading);
  if (!result) co_return;
  for (auto& [path, manager] : managers) {
    manager = api::other_manager_of(result->metadata.managed_fields, path, own);
  }
}

asio::awaitable<void> Executor::record_contested_fields(reconcile::RecordContestedFields action,
                                                        ReconcileState& state) {
  reconcile::ContestRecord record;
  record.kind = action.kind;
  record.intent = action.intent;
  record.retry_after = action.retry_after;
  for (const std::string& path : action.fields) record.managers.emplace(path, "");
  const std::string own(kube::kFieldManager);
  switch (action.kind) {
    case ObjectKind::kDeployment:
      co_await read_managers<api::Deployment>(action.key, own, record.managers);
      break;
    case ObjectKind::kStatefulSet:
      co_await read_managers<api::StatefulSet>(action.key, own, record.managers);
      break;
    case ObjectKind::kService:
      co_await read_managers<api::Service>(action.key, own, record.managers);
      break;
    case ObjectKind::kPvc:
      co_await read_managers<api::PersistentVolumeClaim>(action.key, own, record.managers);
      break;
    case ObjectKind::kLocalRegistry: break;
  }
  for (const auto& [path, manager] : record.managers) {
    environment_.logger.warning("another client changes a field that the operator manages",
                                {{"kind", std::string(reconcile::kind_name(action.kind))},
                                 {"object", api::to_string(action.key)},
                                 {"field", path},
                                 {"manager", manager}});
  }
  histories_.record_contest(state.key, std::move(record));
}

asio::awaitable<base::Result<reconcile::PodRefusal>> Executor::refusal_in_events(
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

// A list of events scans all events of the namespace, and a tenant may write many. So the number of
// concurrent reads is limited, in total and for each namespace.
asio::awaitable<void> Executor::read_pod_refusal(reconcile::ReadPodRefusal action,
                                                 ReconcileState& state) {
  state.pod_refusal = reconcile::PodRefusal();
  const std::string name = action.key.namespace_name;
  std::size_t reads = 0;
  for (const auto& [other, count] : refusal_reads_) reads += count;
  const auto own = refusal_reads_.find(name);
  const std::size_t own_reads = own == refusal_reads_.end() ? 0 : own->second;
  if (reads >= limits::kPodRefusalReads || own_reads >= limits::kPodRefusalReadsPerNamespace) {
    co_return;
  }
  struct Counted {
    std::map<std::string, std::size_t>& reads;
    const std::string& name;
    ~Counted() {
      if (--reads[name] == 0) reads.erase(name);
    }
  };
  ++refusal_reads_[name];
  const Counted counted{refusal_reads_, name};
  auto reading = refusal_in_events(std::move(action));
  base::Result<reconcile::PodRefusal> refusal = co_await std::move(reading);
  if (refusal) {
    state.pod_refusal = *std::move(refusal);
  } else if (!std::exchange(has_warned_of_events_, true)) {
    environment_.logger.warning(
        "cannot read the Events of a StatefulSet that has no pod; this is logged once",
        {{"object", api::to_string(state.key)}, {"error", base::to_string(refusal.error())}});
  }
}

void Executor::check_push(const reconcile::CheckPush& action, const ReconcileState& state) {
  const auto registry = caches_.registries.store().get(state.key);
  if (registry) push_checks_.start(*registry, action.images);
}

asio::awaitable<void> Executor::set_finalizer(reconcile::SetFinalizer action,
                                              ReconcileState& state) {
  auto& store = caches_.registries.store();
  const auto registry = store.get(state.key);
  if (!registry) co_return;
  // If the cached list of finalizers is incomplete, writing it would remove other finalizers.
  if (registry->metadata.kept == json::Kept::kIdentity) co_return;
  std::vector<std::string> finalizers = registry->metadata.finalizers;
  std::erase(finalizers, std::string(reconcile::kFinalizer));
  if (action.present) finalizers.emplace_back(reconcile::kFinalizer);
  bool is_last = finalizers.empty() && reconcile::is_terminating(registry->metadata);
  auto patching =
      environment_.client.set_finalizers<api::LocalRegistry>(registry->metadata, finalizers);
  base::Result<api::LocalRegistry> result = co_await std::move(patching);
  if (result) {
    reconcile::WriteRecord write{
        ObjectKind::kLocalRegistry, std::size_t(action.present), {}, {}, {}};
    if (reconcile::has_finalizer(result->metadata) != action.present) {
      write.overridden.emplace_back("metadata.finalizers");
      is_last = false;
    }
    histories_.record_write(state.key, std::move(write));
  }
  if (result && is_last) {
    store.record_deleted(state.key, registry->metadata.uid, registry->metadata.resource_version);
  } else if (result) {
    store.record_written(*std::move(result));
  } else if (result.error().code == ErrorCode::kConflict ||
             result.error().code == ErrorCode::kNotFound) {
    state.conflicted = true;
    co_await read_registry(state.key);
  } else {
    fail(state, ObjectKind::kLocalRegistry, result.error());
  }
}

asio::awaitable<base::Result<std::optional<api::LocalRegistry>>> Executor::write_status(
    std::shared_ptr<const api::LocalRegistry> observed, api::LocalRegistryStatus status) {
  api::LocalRegistry intent;
  intent.metadata.name = observed->metadata.name;
  intent.metadata.namespace_name = observed->metadata.namespace_name;
  intent.metadata.uid = observed->metadata.uid;
  intent.metadata.resource_version = observed->metadata.resource_version;
  intent.status = std::move(status);
  auto applying = environment_.client.apply_status(intent);
  base::Result<api::LocalRegistry> result = co_await std::move(applying);
  if (result) co_return std::optional<api::LocalRegistry>(*std::move(result));
  const base::Error error = result.error();
  if (error.code == ErrorCode::kConflict || error.code == ErrorCode::kNotFound) {
    co_await read_registry(api::key_of(observed->metadata));
  }
  if (error.code == ErrorCode::kNotFound) co_return std::optional<api::LocalRegistry>();
  co_return error;
}

}  // namespace controller
