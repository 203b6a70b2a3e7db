// Which node port the Service shall have. Pure; any thread.
#pragma once

#include <type_traits>

#include "reconcile/observed.h"

namespace reconcile {

struct NodePortChoice {
  bool possible = true;  // false: the pinned port is refused and there is no Service yet
  int port = 0;          // 0: the control plane assigns one
};

// The port that the Service has, or had last; 0 when it never had one.
int remembered_node_port(const api::LocalRegistryStatus& status);

// Whether the API server refused the port in this reconcile.
bool is_refused(const Observed& observed, int port);

// The first of these that the API server did not refuse: the pinned port, the one that the status
// remembers (so that a deleted Service comes back with it), the Service's own.
NodePortChoice choose_node_port(const Observed& observed);

// The registry's port of the Service; null when it has none. Its number may be that of an earlier
// spec: the name is what stays.
const api::ServicePort* find_port(const api::Service& service);

// The node port of the registry; 0 when the Service has none.
int node_port_of(const api::Service& service);

// The same for a child of any kind; 0 for all but a Service.
template <class T>
int node_port_of_child(const T& child) {
  if constexpr (std::is_same_v<T, api::Service>) {
    return node_port_of(child);
  } else {
    return 0;
  }
}

// The port that the error refuses; 0 when the error is about something else.
int refused_node_port(const base::Error& error, int asked_for);

}  // namespace reconcile
