// Chooses the node port of the Service. All functions are pure and can be called on any thread.
#pragma once

#include <type_traits>

#include "reconcile/observed.h"

namespace reconcile {

struct NodePortChoice {
  bool possible = true;  // false: the pinned port is refused and there is no port to keep
  int port = 0;          // 0: the control plane assigns one
};

// Returns the node port that the status records, of the current or of the last Service; 0: none.
int remembered_node_port(const api::LocalRegistryStatus& status);

// Returns whether the API server refused the port in this reconcile.
bool is_refused(const Observed& observed, int port);

// Returns the first of these ports that the API server did not refuse in this reconcile: the pinned
// port, the port that the status records (so that a recreated Service keeps its port), the
// Service's current port. If none is left, the control plane assigns a port, unless spec.nodePort
// pins one.
NodePortChoice choose_node_port(const Observed& observed);

// Returns the Service's port named kPortName; null when it has none. The port is found by its name
// because its number follows spec.port.
const api::ServicePort* find_port(const api::Service& service);

// Returns the node port of the registry; 0 when the Service has none.
int node_port_of(const api::Service& service);

// Returns node_port_of() for a Service, and 0 for a child of any other kind.
template <class T>
int node_port_of_child(const T& child) {
  if constexpr (std::is_same_v<T, api::Service>) {
    return node_port_of(child);
  } else {
    return 0;
  }
}

// Returns `asked_for` if the error refuses the node port; 0 if it is about something else.
int refused_node_port(const base::Error& error, int asked_for);

}  // namespace reconcile
