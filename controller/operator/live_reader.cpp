#include "operator/live_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "async/task_group.h"
#include "base/limits.h"
#include "reconcile/checks/child_namespaces.h"
#include "reconcile/children/names.h"
#include "reconcile/children/node_port.h"

namespace controller {
namespace {

namespace asio = boost::asio;
using base::ErrorCode;
using reconcile::ObjectRole;

bool is_failed_read(const reconcile::FailedRequest& failure) {
  return failure.role == ObjectRole::kLocalRegistry;
}

void fail(ReconcileState& state, const base::Error& error) {
  state.failures.push_back({ObjectRole::kLocalRegistry, error, 0});
}

// Returns the error of a live read that found no child within limits::kPagesOfChildren pages. A
// child may be on a later page.
base::Error too_many_foreign_objects(std::string_view kind, const std::string& namespace_name) {
  return {ErrorCode::kTooLarge,
          fmt::format("the objects of kind {} in namespace \"{}\" cannot be listed: more than {} "
                      "objects have the label {} of this LocalRegistry but belong to another "
                      "controller; remove the label from them",
                      kind, namespace_name, limits::kPagesOfChildren * limits::kObjectsOfOwner,
                      reconcile::kOwnerUidLabel)};
}

}  // namespace

asio::awaitable<void> LiveReader::read_all(ReconcileState& state) {
  auto reading = read_registry(state.key);
  const base::Result<Registry> found = co_await std::move(reading);
  if (!found) {
    fail(state, found.error());
    co_return;
  }
  if (*found && caches_.watches(api::target_namespace(**found))) {
    co_await read_objects(**found, state);
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

asio::awaitable<base::Result<LiveReader::Registry>> LiveReader::read_registry(api::ObjectKey key) {
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
  store.record_absent(key, before);
  co_return base::Result<Registry>(Registry());
}

asio::awaitable<void> LiveReader::read_child(ObjectRole role, api::ObjectKey key,
                                             ReconcileState& state) {
  auto reading = reconcile::map_row(role, [&]<class Row>(Row) {
    return read<reconcile::ObjectOf<Row>>(role, std::move(key), state);
  });
  if (!reading) co_return;
  asio::awaitable<void> read = *std::move(reading);
  co_await std::move(read);
}

// Reads the object and records it in the cache. If it has the key of its role in the child table
// and the cache does not hold it, stores it in ReconcileState::uncached.
template <class T>
asio::awaitable<void> LiveReader::read(ObjectRole role, api::ObjectKey key, ReconcileState& state) {
  kube::Store<T>& store = caches_.children<T>().store();
  const auto before = store.get(key);
  auto reading = environment_.client.get<T>(key);
  base::Result<T> result = co_await std::move(reading);
  const auto registry = caches_.registries.store().get(state.key);
  const bool is_target = registry && reconcile::key_of_role(*registry, role) == key;
  std::shared_ptr<const T>& uncached = state.uncached.of<T>(role);
  if (is_target) uncached.reset();
  if (result) {
    if (reconcile::is_managed(result->metadata)) {
      store.record_written(*result);
      // A full cache does not hold the object.
      if (is_target && !store.get(key)) uncached = std::make_shared<const T>(*std::move(result));
    } else if (is_target) {
      uncached = std::make_shared<const T>(*std::move(result));
    }
  } else if (result.error().code == ErrorCode::kNotFound) {
    store.record_absent(key, before);
  } else {
    fail(state, result.error());
  }
}

asio::awaitable<void> LiveReader::read_objects(const api::LocalRegistry& registry,
                                               ReconcileState& state) {
  co_await asio::this_coro::throw_if_cancelled(false);  // see TaskGroup
  async::TaskGroup group(co_await asio::this_coro::executor);
  reconcile::for_each_row([&](auto row) {
    group.spawn(read<reconcile::ObjectOf<decltype(row)>>(row.kRole, row.key(registry), state));
  });
  const api::ObjectKey pvc = reconcile::key_of_role(registry, ObjectRole::kPvc);
  co_await group.join();
  co_await read_pvc_owner(pvc, state);
}

// If the PVC names another LocalRegistry as its owner, reads that LocalRegistry.
asio::awaitable<void> LiveReader::read_pvc_owner(api::ObjectKey key, ReconcileState& state) {
  const auto pvc = caches_.children<api::PersistentVolumeClaim>().store().get(key);
  if (!pvc) co_return;
  const api::ObjectKey owner = reconcile::owner_key(pvc->metadata);
  if (owner.name.empty() || owner == state.key || !caches_.watches(owner.namespace_name)) {
    co_return;
  }
  auto reading = read_registry(owner);
  const base::Result<Registry> read = co_await std::move(reading);
  if (!read) fail(state, read.error());
}

asio::awaitable<void> LiveReader::read_namespace(std::string name, ReconcileState& state) {
  co_await asio::this_coro::throw_if_cancelled(false);  // see TaskGroup
  kube::ListOptions options;
  options.namespace_name = std::move(name);
  options.label_selector =
      fmt::format("{}={},{}={}", reconcile::kManagedByLabel, reconcile::kManager,
                  reconcile::kOwnerUidLabel, state.registry->metadata.uid);
  options.limit = static_cast<int>(limits::kObjectsOfOwner);
  async::TaskGroup group(co_await asio::this_coro::executor);
  caches_.each_children_cache(
      [&]<class T>(OwnedObjectCache<T>&) { group.spawn(read_children<T>(options, state)); });
  co_await group.join();
}

template <class T>
asio::awaitable<void> LiveReader::read_children(kube::ListOptions options, ReconcileState& state) {
  for (std::size_t page = 0; page < limits::kPagesOfChildren; ++page) {
    auto listing = environment_.client.list<T>(options);
    base::Result<kube::List<T>> result = co_await std::move(listing);
    if (!result) {
      // When a namespace is deleted, the operator's Role there and the children are deleted with
      // it.
      const bool is_gone = result.error().code == ErrorCode::kForbidden &&
                           !caches_.namespaces.store().get({"", options.namespace_name});
      if (!is_gone) fail(state, result.error());
      co_return;
    }
    std::size_t found = 0;
    for (const T& child : result->items) {
      if (!reconcile::belongs_to(child.metadata, *state.registry)) continue;
      state.children.push_back(
          {reconcile::role_of_type<T>(), child.metadata, reconcile::node_port_of_child(child)});
      ++found;
    }
    options.continue_token = result->metadata.continue_token;
    // One page with children is enough: once they are deleted, the next live read finds the others.
    if (options.continue_token.empty() || found > 0) co_return;
  }
  fail(state, too_many_foreign_objects(api::Resource<T>::kType.kind, options.namespace_name));
}

}  // namespace controller
