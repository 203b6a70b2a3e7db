// This file declares the table of children, with one row for each object that the operator may
// create for a LocalRegistry. A row names the type, the key and the policy of the child. The slots
// of Observed, live reads, deletes, the finalizer and the operator's RBAC rules are derived from
// the rows, so that a new child is a new row and its builder. All functions are pure and can be
// called on any thread.
#pragma once

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <cassert>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "api/apps.h"
#include "api/local_registry.h"

namespace reconcile {

// What an object is for a LocalRegistry: the LocalRegistry itself, or one of its children. Two
// children of one type have different roles.
enum class ObjectRole { kLocalRegistry, kDeployment, kStatefulSet, kService, kPvc };

// How the operator deletes and recreates a child.
struct ChildPolicy {
  // True: the child in the LocalRegistry's own namespace has an owner reference, so that garbage
  // collection deletes it. False: only the operator deletes it, so the LocalRegistry needs the
  // finalizer while the child is to be deleted with it.
  bool is_garbage_collected = true;
  // True: the child holds images. It outlives its LocalRegistry unless persistence.whenDeleted is
  // Delete. A delete has the resourceVersion of a live read as a precondition. As an orphan, the
  // child is never deleted.
  bool is_retained = false;
  // True: the operator recreates the child if the API server refuses to update it to the intent.
  bool may_be_recreated = true;
};

// Returns the key of the LocalRegistry's children: spec.name in the target namespace.
api::ObjectKey target_key(const api::LocalRegistry& registry);

struct DeploymentRow {
  using Object = api::Deployment;
  static constexpr ObjectRole kRole = ObjectRole::kDeployment;
  static constexpr ChildPolicy kPolicy{};
  static api::ObjectKey key(const api::LocalRegistry& registry) { return target_key(registry); }
};

struct StatefulSetRow {
  using Object = api::StatefulSet;
  static constexpr ObjectRole kRole = ObjectRole::kStatefulSet;
  static constexpr ChildPolicy kPolicy{};
  static api::ObjectKey key(const api::LocalRegistry& registry) { return target_key(registry); }
};

struct ServiceRow {
  using Object = api::Service;
  static constexpr ObjectRole kRole = ObjectRole::kService;
  static constexpr ChildPolicy kPolicy{};
  static api::ObjectKey key(const api::LocalRegistry& registry) { return target_key(registry); }
};

struct PvcRow {
  using Object = api::PersistentVolumeClaim;
  static constexpr ObjectRole kRole = ObjectRole::kPvc;
  static constexpr ChildPolicy kPolicy{
      .is_garbage_collected = false, .is_retained = true, .may_be_recreated = false};
  static api::ObjectKey key(const api::LocalRegistry& registry) { return target_key(registry); }
};

// The rows, in the order in which children are observed and deleted.
using ChildTable = boost::mp11::mp_list<DeploymentRow, StatefulSetRow, ServiceRow, PvcRow>;

template <class Row>
using ObjectOf = typename Row::Object;

// The types of the children, each once.
using ChildTypes = boost::mp11::mp_unique<boost::mp11::mp_transform<ObjectOf, ChildTable>>;

// Calls `visit(Row{})` for each row of the table, in order.
template <class Visit>
constexpr void for_each_row(Visit&& visit) {
  boost::mp11::mp_for_each<ChildTable>(visit);
}

template <ObjectRole role>
struct HasRole {
  template <class Row>
  using fn = boost::mp11::mp_bool<Row::kRole == role>;
};

// The row of that role.
template <ObjectRole role>
using RowOf = boost::mp11::mp_at<ChildTable, boost::mp11::mp_find_if_q<ChildTable, HasRole<role>>>;

// Returns the role of the first row with objects of that type.
template <class T>
constexpr ObjectRole role_of_type() {
  constexpr std::size_t index =
      boost::mp11::mp_find<boost::mp11::mp_transform<ObjectOf, ChildTable>, T>::value;
  static_assert(index < boost::mp11::mp_size<ChildTable>::value, "no row has this type");
  return boost::mp11::mp_at_c<ChildTable, index>::kRole;
}

// Calls `visit(Row{})` for the row of that role and returns true; returns false when the role is
// that of the LocalRegistry.
template <class Visit>
constexpr bool visit_row(ObjectRole role, Visit&& visit) {
  bool is_found = false;
  for_each_row([&](auto row) {
    if (decltype(row)::kRole != role) return;
    is_found = true;
    visit(row);
  });
  return is_found;
}

// Returns `map(Row{})` for the row of that role; nullopt when the role is that of the
// LocalRegistry.
template <class Map>
auto map_row(ObjectRole role, Map&& map) {
  std::optional<decltype(map(DeploymentRow{}))> result;
  visit_row(role, [&](auto row) { result.emplace(map(row)); });
  return result;
}

// Returns the policy of the child of that role; the default policy if the role is that of the
// LocalRegistry.
constexpr ChildPolicy policy_of(ObjectRole role) {
  ChildPolicy policy;
  visit_row(role, [&](auto row) { policy = decltype(row)::kPolicy; });
  return policy;
}

// Returns the key of the object of that role.
api::ObjectKey key_of_role(const api::LocalRegistry& registry, ObjectRole role);

// Returns whether `key` is the key of a child that has the same kind as the child of that role.
bool is_key_of_child(const api::LocalRegistry& registry, ObjectRole role,
                     const api::ObjectKey& key);

// Returns the kind of the object of that role, such as "Deployment" or "PersistentVolumeClaim".
std::string_view kind_name(ObjectRole role);

// Has one slot for each row: the object at the row's key, even if it is foreign; null when it is
// absent.
class ChildSlots {
 public:
  template <ObjectRole role>
  const auto& get() const {
    return std::get<index<role>()>(slots_);
  }
  template <ObjectRole role>
  auto& get() {
    return std::get<index<role>()>(slots_);
  }

  // Returns the slot of that role, which has to be a role of objects of type T.
  template <class T>
  std::shared_ptr<const T>& of(ObjectRole role) {
    std::shared_ptr<const T>* found = nullptr;
    each([&]<class Row>(Row, auto& slot) {
      if constexpr (std::is_same_v<ObjectOf<Row>, T>) {
        if (Row::kRole == role) found = &slot;
      }
    });
    assert(found != nullptr);
    return *found;
  }

  // Calls `visit(row, slot)` for each row, in order.
  template <class Visit>
  void each(Visit&& visit) const {
    for_each_row([&](auto row) { visit(row, get<decltype(row)::kRole>()); });
  }
  template <class Visit>
  void each(Visit&& visit) {
    for_each_row([&](auto row) { visit(row, get<decltype(row)::kRole>()); });
  }

 private:
  template <ObjectRole role>
  static constexpr std::size_t index() {
    return boost::mp11::mp_find<ChildTable, RowOf<role>>::value;
  }

  template <class Row>
  using Slot = std::shared_ptr<const typename Row::Object>;
  boost::mp11::mp_rename<boost::mp11::mp_transform<Slot, ChildTable>, std::tuple> slots_;
};

}  // namespace reconcile
