#include "reconcile/children/node_port.h"

#include <algorithm>

#include "reconcile/children/names.h"

namespace reconcile {
namespace {

int observed_node_port(const Observed& observed) {
  return is_child(observed, observed.service()) ? node_port_of(*observed.service()) : 0;
}

}  // namespace

const api::ServicePort* find_port(const api::Service& service) {
  for (const api::ServicePort& port : service.spec.ports) {
    if (port.name == kPortName) return &port;
  }
  return nullptr;
}

int node_port_of(const api::Service& service) {
  const api::ServicePort* port = find_port(service);
  return port == nullptr ? 0 : port->node_port;
}

int remembered_node_port(const api::LocalRegistryStatus& status) {
  return status.node_port != 0 ? status.node_port : status.last_node_port;
}

bool is_refused(const Observed& observed, int port) {
  return std::any_of(observed.failures.begin(), observed.failures.end(),
                     [port](const FailedRequest& failure) { return failure.node_port == port; });
}

NodePortChoice choose_node_port(const Observed& observed) {
  const int pinned = observed.registry->spec.node_port;
  if (pinned != 0 && !is_refused(observed, pinned)) return {true, pinned};
  const int earlier = remembered_node_port(observed.registry->status);
  if (earlier != 0 && !is_refused(observed, earlier)) return {true, earlier};
  const int current = observed_node_port(observed);
  if (current != 0 && !is_refused(observed, current)) return {true, current};
  return {pinned == 0, 0};
}

int refused_node_port(const base::Error& error, int asked_for) {
  if (error.code != base::ErrorCode::kInvalid) return 0;
  const bool refused =
      std::any_of(error.causes.begin(), error.causes.end(), [](const base::FieldCause& cause) {
        return cause.field.find("nodePort") != std::string::npos;
      });
  return refused ? asked_for : 0;
}

}  // namespace reconcile
