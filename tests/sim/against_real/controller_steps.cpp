// This file draws the writes of the cluster's controllers: the status of the operator's objects.
#include <fmt/core.h>

#include <cstdint>
#include <string>

#include "sim/against_real/steps.h"

namespace against_real {
namespace {

using kube::Method;

constexpr auto kAvailable =
    R"(,"conditions":[{"type":"Available","status":"True","reason":"R","message":"m",)"
    R"("lastTransitionTime":"2020-01-01T00:00:00Z","lastUpdateTime":"2020-01-01T00:00:00Z"}])";

std::string workload_status(Dice& dice, const Type& type) {
  const std::uint64_t generation = dice.between(1, 4);
  const std::uint64_t ready = dice.between(0, 1);
  std::string status =
      fmt::format(R"("observedGeneration":{},"replicas":1,"updatedReplicas":1,"readyReplicas":{},)"
                  R"("availableReplicas":{})",
                  generation, ready, ready);
  if (type.kind == "Deployment" && dice.chance(50)) status += kAvailable;
  return status;
}

std::string claim_status(Dice& dice) {
  return dice.pick(
      {R"("phase":"Bound","capacity":{"storage":"5Gi"},"accessModes":["ReadWriteOnce"])",
       R"("phase":"Bound","capacity":{"storage":"1Gi"})", R"("phase":"Lost")",
       R"("phase":"Pending")",
       R"("conditions":[{"type":"Resizing","status":"True","lastProbeTime":null}])"});
}

std::string status_of(Dice& dice, const Type& type) {
  if (type.kind == "PersistentVolumeClaim") return claim_status(dice);
  if (type.kind == "Service") return R"("loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]})";
  return workload_status(dice, type);
}

}  // namespace

Step controller_writes_status(Dice& dice) {
  const Type& type = dice.child();
  const std::string name = dice.child_name();
  std::string body = R"({"status":{)" + status_of(dice, type) + "}";
  if (dice.chance(15)) {
    body += R"(,"metadata":{"labels":{"keep":"yes"},"annotations":{"s":"t"}})";
  }
  if (dice.chance(10)) body += R"(,"spec":{"replicas":7})";
  body += "}";
  const std::string target = type.one(name) + "/status?fieldManager=kube-controller-manager";
  if (dice.chance(60)) return {Method::kPatch, target, kMerge, body};
  return {Method::kPut, target, kJson, body, fmt::format("{}/{}", type.kind, name)};
}

}  // namespace against_real
