#include "operator/execute.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cassert>

#include "api/error_texts.h"
#include "api/managed_fields.h"
#include "async/task_group.h"
#include "base/limits.h"
#include "base/text/text.h"
#include "reconcile/children/names.h"
#include "reconcile/children/node_port.h"

namespace controller {
namespace {

namespace asio = boost::asio;
using base::ErrorCode;
using reconcile::ObjectRole;

bool is_port_taken(const base::Error& error) {
  return error.code == ErrorCode::kInvalid && api::is_node_port_allocated(error.message);
}

void fail(ReconcileState& state, ObjectRole role, const base::Error& error, int node_port = 0) {
  state.failures.push_back({role, error, node_port});
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

// Returns the history record of a delete after which the object is recreated.
reconcile::WriteRecord record_of(const reconcile::Delete& action) {
  reconcile::WriteRecord write;
  write.role = action.role;
  write.intent = action.intent;
  write.healed = action.healed;
  write.is_delete = true;
  return write;
}

// Drops the failures with that role, because they do not apply to the object once it is changed or
// recreated.
void clear_failures_of(ReconcileState& state, ObjectRole role) {
  std::erase_if(state.failures,
                [&](const reconcile::FailedRequest& failure) { return failure.role == role; });
}

// Updates ReconcileState::children after a delete. `after`: the object while finalizers keep it;
// null removes the child from the list.
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

// A visitor of Action that returns the coroutine which executes the action.
struct Executor::Dispatch {
  Executor& executor;
  ReconcileState& state;
  using Awaitable = asio::awaitable<void>;

  Awaitable operator()(reconcile::ReadLive&) const { return executor.live_reader_.read_all(state); }
  Awaitable operator()(reconcile::ReadPodRefusal& action) const {
    return executor.pod_refusals_.read(std::move(action), state);
  }
  Awaitable operator()(reconcile::CheckPush& action) const {
    return executor.check_push(std::move(action), state);
  }
  Awaitable operator()(reconcile::RecordContestedFields& action) const {
    return executor.record_contested_fields(std::move(action), state);
  }
  Awaitable operator()(reconcile::SetFinalizer& action) const {
    return executor.set_finalizer(action, state);
  }
  Awaitable operator()(reconcile::ResetStrategy& action) const {
    return executor.reset<api::Deployment>(std::move(action), state);
  }
  Awaitable operator()(reconcile::ResetPorts& action) const {
    return executor.reset<api::Service>(std::move(action), state);
  }
  Awaitable operator()(reconcile::Delete& action) const {
    auto removing = reconcile::map_row(action.role, [&]<class Row>(Row) {
      return executor.remove<reconcile::ObjectOf<Row>>(std::move(action), state);
    });
    assert(removing);  // no plan deletes a LocalRegistry
    return *std::move(removing);
  }
  template <class T>
  Awaitable operator()(reconcile::Apply<T>& action) const {
    return executor.apply(std::move(action), state);
  }
};

asio::awaitable<void> Executor::execute_one(reconcile::Action action, ReconcileState& state) {
  auto executing = std::visit(Dispatch{*this, state}, action);
  co_await std::move(executing);
}

template <class T>
asio::awaitable<void> Executor::apply(reconcile::Apply<T> action, ReconcileState& state) {
  const ObjectRole role = action.role;
  kube::Store<T>& store = caches_.children<T>().store();
  const api::ObjectKey key = api::key_of(action.object.metadata);
  const kube::ApplyGuard guard = guard_of(action);
  const auto before = store.get(key);
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
    (environment_.logger.*log)("applied", {{"kind", std::string(reconcile::kind_name(role))},
                                           {"object", api::to_string(key)},
                                           {"field", action.field}});
    store.record_written(*std::move(result));
    state.done.emplace_back(std::move(action));
    co_return;
  }
  const base::Error error = result.error();
  if (error.lost_race()) {
    state.conflicted = true;
    co_await live_reader_.read_child(role, key, state);
    co_return;
  }
  histories_.record_failed_write(state.key, role, reconcile::fingerprint_of(action.object));
  const int port = reconcile::node_port_of_child(action.object);
  fail(state, role, error, reconcile::refused_node_port(error, port));
}

// Records a write in the histories. If the answer differs from the applied object in action.field,
// a webhook or policy changes that field, so no event may report it as healed.
template <class T>
void Executor::record(const T* before, const T& after, reconcile::Apply<T>& action,
                      const ReconcileState& state) {
  reconcile::WriteRecord write;
  write.role = action.role;
  write.intent = reconcile::fingerprint_of(action.object);
  write.overridden = reconcile::differing_fields(action.object, after);
  if (before != nullptr) {
    const bool is_heal = action.cause == reconcile::Cause::kHeal;
    write.drifted = reconcile::differing_fields(action.object, *before);
    write.healed = reconcile::healed_fields(write.drifted, is_heal);
  }
  if (base::is_one_of(action.field, write.overridden)) {
    action.cause = reconcile::Cause::kUpdate;
    action.field.clear();
  }
  histories_.record_write(state.key, std::move(write));
}

template <class T, class Reset>
asio::awaitable<void> Executor::reset(Reset action, ReconcileState& state) {
  const ObjectRole role = reconcile::role_of(action);
  const api::ObjectKey key = api::key_of(action.patch.metadata);
  auto patching = environment_.client.patch<T>(key, api::encode_object(action.patch));
  base::Result<T> result = co_await std::move(patching);
  if (result) {
    histories_.record_write(state.key, record_of(action, *result));
    caches_.children<T>().store().record_written(*std::move(result));
    clear_failures_of(state, role);
    state.done.emplace_back(std::move(action));
  } else if (result.error().code == ErrorCode::kConflict ||
             result.error().code == ErrorCode::kNotFound) {
    state.conflicted = true;
    co_await live_reader_.read_child(role, key, state);
  } else {
    histories_.record_failed_write(state.key, role, action.intent);
    fail(state, role, result.error());
  }
}

template <class T>
asio::awaitable<void> Executor::remove(reconcile::Delete action, ReconcileState& state) {
  kube::Store<T>& store = caches_.children<T>().store();
  const kube::Preconditions preconditions{action.uid, action.resource_version};
  const auto propagation =
      action.keeps_pods ? kube::Propagation::kOrphan : kube::Propagation::kBackground;
  auto removing = environment_.client.remove<T>(action.key, preconditions, propagation);
  base::Result<std::optional<T>> result = co_await std::move(removing);
  if (result) {
    environment_.logger.info("deleted", {{"kind", std::string(reconcile::kind_name(action.role))},
                                         {"object", api::to_string(action.key)}});
    record_removal(state, action.uid, *result ? &(*result)->metadata : nullptr);
    if (!action.healed.empty()) histories_.record_write(state.key, record_of(action));
    if (result->has_value()) {
      store.record_written(**std::move(result));
    } else {
      store.record_deleted(action.key, action.uid, "");
    }
    clear_failures_of(state, action.role);
    state.done.emplace_back(std::move(action));
    co_return;
  }
  const base::Error error = result.error();
  if (error.code == ErrorCode::kNotFound) {
    record_removal(state, action.uid, nullptr);
    store.record_deleted(action.key, action.uid, "");
  } else if (error.code == ErrorCode::kConflict) {
    state.conflicted = true;
    state.live = false;  // the listed children are stale
    record_removal(state, action.uid, nullptr);
    co_await live_reader_.read_child(action.role, action.key, state);
  } else {
    fail(state, action.role, error);
  }
}

// Reads which field managers changed the contested fields, the keys of `managers`, and stores their
// names as the values. The values stay empty when the read fails. `own`: the operator's field
// manager.
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
  record.role = action.role;
  record.intent = action.intent;
  record.retry_after = action.retry_after;
  for (const std::string& path : action.fields) record.managers.emplace(path, "");
  const std::string own(kube::kFieldManager);
  auto reading = reconcile::map_row(action.role, [&]<class Row>(Row) {
    return read_managers<reconcile::ObjectOf<Row>>(action.key, own, record.managers);
  });
  if (reading) {
    asio::awaitable<void> managers = *std::move(reading);
    co_await std::move(managers);
  }
  for (const auto& [path, manager] : record.managers) {
    environment_.logger.warning("another client changes a field that the operator manages",
                                {{"kind", std::string(reconcile::kind_name(action.role))},
                                 {"object", api::to_string(action.key)},
                                 {"field", path},
                                 {"manager", manager}});
  }
  histories_.record_contest(state.key, std::move(record));
}

asio::awaitable<void> Executor::check_push(reconcile::CheckPush action,
                                           const ReconcileState& state) {
  const auto registry = caches_.registries.store().get(state.key);
  if (registry) push_checks_.start(*registry, action.images);
  co_return;
}

asio::awaitable<void> Executor::set_finalizer(reconcile::SetFinalizer action,
                                              ReconcileState& state) {
  auto& store = caches_.registries.store();
  const auto registry = store.get(state.key);
  if (!registry) co_return;
  // If the cached list of finalizers is incomplete, writing it would remove other finalizers.
  if (registry->metadata.completeness == json::Completeness::kPartialMetadata) co_return;
  std::vector<std::string> finalizers = registry->metadata.finalizers;
  std::erase(finalizers, std::string(reconcile::kFinalizer));
  if (action.present) finalizers.emplace_back(reconcile::kFinalizer);
  bool is_last = finalizers.empty() && reconcile::is_terminating(registry->metadata);
  auto patching =
      environment_.client.set_finalizers<api::LocalRegistry>(registry->metadata, finalizers);
  base::Result<api::LocalRegistry> result = co_await std::move(patching);
  if (result) {
    reconcile::WriteRecord write{
        ObjectRole::kLocalRegistry, std::size_t(action.present), {}, {}, {}};
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
    co_await live_reader_.read_registry(state.key);
  } else {
    fail(state, ObjectRole::kLocalRegistry, result.error());
  }
}

asio::awaitable<base::Result<std::optional<api::LocalRegistry>>> Executor::write_status(
    std::shared_ptr<const api::LocalRegistry> observed, api::LocalRegistryStatus status) {
  api::LocalRegistry intent;
  intent.metadata = observed->metadata;
  intent.status = std::move(status);
  auto applying = environment_.client.apply_status(intent);
  base::Result<api::LocalRegistry> result = co_await std::move(applying);
  if (result) co_return std::optional<api::LocalRegistry>(*std::move(result));
  const base::Error error = result.error();
  if (error.code == ErrorCode::kConflict || error.code == ErrorCode::kNotFound) {
    co_await live_reader_.read_registry(api::key_of(observed->metadata));
  }
  if (error.code == ErrorCode::kNotFound) co_return std::optional<api::LocalRegistry>();
  co_return error;
}

}  // namespace controller
