#include "reconcile/observed.h"

namespace reconcile {

std::string_view kind(Target target) {
  switch (target) {
    case Target::kResource: return api::Resource<api::LocalRegistry>::kType.kind;
    case Target::kDeployment: return api::Resource<api::Deployment>::kType.kind;
    case Target::kStatefulSet: return api::Resource<api::StatefulSet>::kType.kind;
    case Target::kService: return api::Resource<api::Service>::kType.kind;
    case Target::kClaim: return api::Resource<api::PersistentVolumeClaim>::kType.kind;
  }
  return "";
}

const Failure* find_failure(const Observed& observed, Target target) {
  for (const Failure& failure : observed.failures) {
    if (failure.target == target && failure.node_port == 0) return &failure;
  }
  return nullptr;
}

}  // namespace reconcile
