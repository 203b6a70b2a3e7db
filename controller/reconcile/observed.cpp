#include "reconcile/observed.h"

namespace reconcile {

std::string_view kind_name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kLocalRegistry: return api::Resource<api::LocalRegistry>::kType.kind;
    case ObjectKind::kDeployment: return api::Resource<api::Deployment>::kType.kind;
    case ObjectKind::kStatefulSet: return api::Resource<api::StatefulSet>::kType.kind;
    case ObjectKind::kService: return api::Resource<api::Service>::kType.kind;
    case ObjectKind::kPvc: return api::Resource<api::PersistentVolumeClaim>::kType.kind;
  }
  return "";
}

const FailedRequest* find_failure(const Observed& observed, ObjectKind kind) {
  for (const FailedRequest& failure : observed.failures) {
    if (failure.kind == kind && failure.node_port == 0) return &failure;
  }
  return nullptr;
}

}  // namespace reconcile
