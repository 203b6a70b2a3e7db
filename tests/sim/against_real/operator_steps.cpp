// This file draws the operator's requests, built by the operator's code.
#include <fmt/core.h>

#include <cstdint>
#include <optional>
#include <string>

#include "api/apps.h"
#include "api/local_registry.h"
#include "reconcile/children/children.h"
#include "sim/against_real/steps.h"
#include "support/random_spec.h"

namespace against_real {
namespace {

using kube::Method;

constexpr auto kAsOperator =
    "?fieldManager=local-registry-operator&force=true&fieldValidation=Ignore";
constexpr auto kAffinity =
    R"({"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":)"
    R"([{"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]}]}}})";

void draw_scheduling(Dice& dice, api::LocalRegistrySpec& spec) {
  if (dice.chance(15)) spec.node_selector = {{"disk", "ssd"}};
  if (dice.chance(15)) spec.image_pull_secrets = {{"pull"}};
  if (dice.chance(15)) {
    spec.tolerations = {{"dedicated", "Equal", "builds", "NoSchedule", std::nullopt}};
  }
  if (dice.chance(20)) {
    spec.resources.limits["memory"] = api::Quantity{dice.pick({"1Gi", "1024Mi", "500M"})};
    if (dice.chance(50)) spec.resources.requests["memory"] = api::Quantity{"128Mi"};
    if (dice.chance(50)) {
      spec.resources.requests["cpu"] = api::Quantity{dice.pick({"0.5", "100m"})};
    }
  }
  if (dice.chance(10)) spec.affinity.text = kAffinity;
  if (!dice.chance(30)) return;
  const std::string text = support::RandomSpec(dice.between(1, 1'000'000'000)).spec();
  const auto drawn = json::parse<api::LocalRegistrySpec>(text);
  if (!drawn) return;
  spec.resources = drawn->resources;
  spec.tolerations = drawn->tolerations;
  spec.node_selector = drawn->node_selector;
  spec.affinity = drawn->affinity;
}

api::LocalRegistry draw_registry(Dice& dice) {
  api::LocalRegistry made;
  made.metadata.name = "dev";
  made.metadata.namespace_name = "@ns@";
  made.metadata.uid = dice.chance(80) ? kNobody : "00000000-0000-4000-8000-000000000002";
  made.spec.name = dice.child_name();
  if (dice.chance(20)) {
    made.spec.image = dice.pick({"registry:2", "registry", "a/b@sha256:00", "r:latest"});
  }
  if (dice.chance(25)) made.spec.port = dice.chance(50) ? 5001 : 6000;
  draw_scheduling(dice, made.spec);
  made.spec.persistence.enabled = dice.chance(40);
  made.spec.persistence.size = api::Quantity{dice.pick({"5Gi", "1Gi", "10Gi", "5120Mi", "1500M"})};
  if (dice.chance(30)) made.spec.persistence.storage_class_name = dice.pick({"standard", "other"});
  return made;
}

// Adds the preconditions of an apply as the operator states them, and sometimes wrong ones.
std::string guarded(Dice& dice, std::string_view kind, const std::string& name, std::string body) {
  const std::uint64_t drawn = dice.between(1, 100);
  std::string text;
  if (drawn <= 35) {
    text = R"("resourceVersion":"1",)";
  } else if (drawn <= 80) {
    text = fmt::format(R"("uid":"@uid:{}/{}@",)", kind, name);
  } else if (drawn <= 84) {
    text = fmt::format(R"("uid":"{}",)", kNobody);
  } else if (drawn <= 87) {
    text = fmt::format(R"("resourceVersion":"@rv:{}/{}@",)", kind, name);
  } else if (drawn <= 90) {
    text = fmt::format(R"("uid":"@uid:{0}/{1}@","resourceVersion":"@old:{0}/{1}@",)", kind, name);
  }
  constexpr std::string_view kMark = R"("metadata":{)";
  return body.insert(body.find(kMark) + kMark.size(), text);
}

template <class T>
Step applied(Dice& dice, const T& object) {
  const api::ObjectKey key = api::key_of(object.metadata);
  const std::string kind(api::Resource<T>::kType.kind);
  return {Method::kPatch, type_of(kind).one(key.name) + kAsOperator, kApply,
          guarded(dice, kind, key.name, api::encode_object(object))};
}

Step applied_service(Dice& dice, const api::LocalRegistry& registry) {
  Step step = applied(dice, reconcile::build_service(registry, 0));
  if (!dice.chance(40)) return step;
  const std::string port = dice.chance(90) ? fmt::format("@port:{}@", dice.between(0, 2))
                                           : dice.pick({"80", "40000", "29999", "-1"});
  step.body.insert(step.body.find(R"("targetPort":)"), "\"nodePort\":" + port + ",");
  return step;
}

std::string condition(Dice& dice, std::string_view type) {
  return fmt::format(R"({{"type":"{}","status":"{}","reason":"{}","message":"{}",)"
                     R"("lastTransitionTime":"2020-01-0{}T00:00:00Z"}})",
                     type, dice.pick({"True", "False", "Unknown"}),
                     dice.pick({"Ready", "NotReady"}), dice.pick({"", "why"}), dice.between(1, 3));
}

std::string registry_status(Dice& dice) {
  std::string status = fmt::format(R"("observedGeneration":{})", dice.between(1, 3));
  if (dice.chance(50)) {
    status += R"(,"delivery":")" + dice.pick({"LocalRegistry", "Upstream"}) + '"';
  }
  if (dice.chance(50)) status += fmt::format(R"(,"nodePort":{})", dice.between(30000, 30002));
  if (dice.chance(50)) status += R"(,"url":"localhost:30000")";
  if (dice.chance(30)) {
    status += R"(,"images":[{"name":"a","image":"b","pushPermission":"Granted"}])";
  }
  status += R"(,"conditions":[)" + condition(dice, "Ready");
  if (dice.chance(50)) status += "," + condition(dice, "Accepted");
  return status + "]";
}

}  // namespace

Step operator_creates(Dice& dice) {
  Step step = operator_applies(dice);
  constexpr std::string_view kMark = R"("metadata":{)";
  const std::size_t begin = step.body.find(kMark) + kMark.size();
  // Replaces the preconditions of the apply: no object has the resourceVersion "1", so an existing
  // object leads to a conflict.
  const std::size_t name = step.body.find(R"("name":)", begin);
  step.body.replace(begin, name - begin, R"("resourceVersion":"1",)");
  return step;
}

Step operator_applies(Dice& dice) {
  const api::LocalRegistry made = draw_registry(dice);
  const std::string_view kind = dice.child().kind;
  if (kind == "Service") return applied_service(dice, made);
  if (kind == "PersistentVolumeClaim") return applied(dice, reconcile::build_pvc(made, nullptr));
  const bool with_buildkit = dice.chance(60);
  if (kind == "Deployment") return applied(dice, reconcile::build_deployment(made, with_buildkit));
  return applied(dice, reconcile::build_stateful_set(made, with_buildkit));
}

Step operator_writes_status(Dice& dice) {
  std::string meta = R"("name":"dev","namespace":"@ns@")";
  if (dice.chance(60)) meta += R"(,"resourceVersion":"@rv:LocalRegistry/dev@")";
  if (dice.chance(30)) meta += R"(,"uid":"@uid:LocalRegistry/dev@")";
  const Type& type = type_of("LocalRegistry");
  return {Method::kPatch, type.one("dev/status") + kAsOperator, kApply,
          fmt::format(R"({{"apiVersion":"{}","kind":"{}","metadata":{{{}}},"status":{{{}}}}})",
                      type.version, type.kind, meta, registry_status(dice))};
}

}  // namespace against_real
