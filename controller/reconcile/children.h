// Builds the objects behind a registry: the full intent, as it is applied. Pure; any thread.
#pragma once

#include <string>

#include "api/apps.h"
#include "api/local_registry.h"

namespace reconcile {

// with_buildkit: false for spec.localbuild, and where Pod Security forbids it.
api::Deployment build_deployment(const api::LocalRegistry& registry, bool with_buildkit);
// What puts the strategy of an existing Deployment back, as a merge patch.
api::Deployment build_strategy_patch(const api::ObjectMeta& existing);

api::StatefulSet build_stateful_set(const api::LocalRegistry& registry, bool with_buildkit);

// node_port 0: the control plane assigns one. The port is no part of the intent's hash.
api::Service build_service(const api::LocalRegistry& registry, int node_port);

// What takes the place of all ports of an existing Service, as a merge patch.
api::Service build_ports_patch(const api::ObjectMeta& existing, const api::Service& wanted);

// A claim that exists keeps the class that it has and never gets smaller; null: it does not exist
// yet. It has no owner reference: garbage collection must never take the images.
api::PersistentVolumeClaim build_claim(const api::LocalRegistry& registry,
                                       const api::PersistentVolumeClaim* existing);

}  // namespace reconcile
