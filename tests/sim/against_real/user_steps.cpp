// This file draws the requests of users, also about objects that belong to others.
#include <fmt/core.h>

#include <string>

#include "sim/against_real/steps.h"

namespace against_real {
namespace {

using kube::Method;

std::string registry_body(Dice& dice, const std::string& spec) {
  const Type& type = type_of("LocalRegistry");
  std::string meta = R"("name":"dev")";
  if (dice.chance(20)) meta += R"(,"labels":{"keep":"yes"})";
  if (dice.chance(10)) meta += R"(,"finalizers":["localregistry.dev/cleanup"])";
  return fmt::format(R"({{"apiVersion":"{}","kind":"{}","metadata":{{{}}},"spec":{{{}}}}})",
                     type.version, type.kind, meta, spec);
}

// Sets or removes finalizers as the operator does.
Step changes_finalizers(Dice& dice) {
  return {Method::kPatch,
          type_of("LocalRegistry").one("dev") + "?fieldManager=local-registry-operator", kMerge,
          fmt::format(R"({{"metadata":{{"uid":"@uid:LocalRegistry/dev@",)"
                      R"("resourceVersion":"@{}:LocalRegistry/dev@","finalizers":[{}]}}}})",
                      dice.chance(80) ? "rv" : "old",
                      dice.chance(50) ? R"("localregistry.dev/cleanup")" : "")};
}

std::string service_edit(Dice& dice) {
  return dice.pick(
      {R"("type":"ClusterIP")", R"("type":"NodePort")", R"("type":"LoadBalancer")",
       R"("selector":{"x":"y"})", R"("selector":null)", R"("clusterIP":"@address@")",
       R"("ports":[{"name":"registry","port":5000,"protocol":"TCP","nodePort":@port:1@}])",
       R"("ports":[{"port":80}])", R"("ports":[{"port":80},{"port":81}])",
       R"("ports":[{"name":"a","port":80},{"name":"b","port":81}])", R"("ports":[])",
       R"("sessionAffinity":"ClientIP")", R"("publishNotReadyAddresses":false)",
       R"("externalTrafficPolicy":"Local")"});
}

std::string claim_edit(Dice& dice) {
  return dice.pick({R"("resources":{"requests":{"storage":"20Gi"}})",
                    R"("resources":{"requests":{"storage":"1Gi"}})",
                    R"("resources":{"requests":{"storage":"5120Mi"}})",
                    R"("storageClassName":"other")", R"("volumeName":"v")",
                    R"("accessModes":["ReadWriteMany"])"});
}

std::string workload_edit(Dice& dice) {
  return dice.pick({R"("replicas":0)",
                    R"("replicas":3)",
                    R"("replicas":null)",
                    R"("replicas":-1)",
                    R"("revisionHistoryLimit":5)",
                    R"("minReadySeconds":4)",
                    R"("selector":{"matchLabels":{"a":"b"}})",
                    R"("serviceName":"x")",
                    R"("strategy":{"type":"RollingUpdate"})",
                    R"("strategy":{"type":"RollingUpdate","rollingUpdate":null})",
                    R"("strategy":{"type":"Recreate","rollingUpdate":null})",
                    R"("strategy":{"type":"Recreate"})",
                    R"("template":{"metadata":{"annotations":{"restarted":"now"}}})",
                    R"("template":{"metadata":{"labels":{"x":"y"}}})",
                    R"("template":{"spec":{"nodeSelector":{"a":"b"}}})",
                    R"("template":{"spec":{"hostNetwork":true}})",
                    R"("template":{"spec":{"containers":[{"name":"registry","image":"evil"}]}})",
                    R"("template":{"spec":{"volumes":null}})",
                    R"("template":{"spec":{"terminationGracePeriodSeconds":0}})",
                    R"("template":{"spec":{"containers":[]}})"});
}

std::string metadata_operation(Dice& dice) {
  return dice.pick(
      {R"({"op":"add","path":"/metadata/labels","value":{"keep":"yes"}})",
       R"({"op":"add","path":"/metadata/labels/keep","value":"yes"})",
       R"({"op":"remove","path":"/metadata/labels/keep"})",
       R"({"op":"replace","path":"/metadata/labels/keep","value":"no"})",
       R"({"op":"replace","path":"/metadata/annotations/localregistry.dev~1owner","value":"x"})",
       R"({"op":"add","path":"/metadata/finalizers","value":["example.com/hold"]})",
       R"({"op":"add","path":"/metadata/finalizers/-","value":"example.com/more"})",
       R"({"op":"add","path":"/metadata/finalizers/0","value":"example.com/first"})",
       R"({"op":"remove","path":"/metadata/finalizers/0"})",
       R"({"op":"remove","path":"/metadata/ownerReferences"})",
       R"({"op":"move","from":"/metadata/labels/keep","path":"/metadata/labels/kept"})",
       R"({"op":"copy","from":"/metadata/name","path":"/metadata/labels/copy"})",
       R"({"op":"test","path":"/metadata/labels/keep","value":"yes"})",
       R"({"op":"test","path":"/metadata/labels/none","value":null})",
       R"({"op":"invent","path":"/metadata"})"});
}

std::string spec_operation(Dice& dice) {
  return dice.pick(
      {R"({"op":"replace","path":"/spec/replicas","value":3})",
       R"({"op":"replace","path":"/spec/replicas","value":"many"})",
       R"({"op":"replace","path":"/spec/template/spec/containers/0/image","value":"evil"})",
       R"({"op":"remove","path":"/spec/template/spec/containers/-1"})",
       R"({"op":"add","path":"/spec/template/metadata/annotations/restarted","value":"now"})",
       R"({"op":"replace","path":"/spec/ports/0/port","value":81})",
       R"({"op":"replace","path":"/spec/ports/0/nodePort","value":@port:2@})",
       R"({"op":"add","path":"/spec/ports/-","value":{"name":"more","port":82}})",
       R"({"op":"remove","path":"/spec/ports/1"})",
       R"({"op":"replace","path":"/spec/type","value":"ClusterIP"})",
       R"({"op":"replace","path":"/spec/resources/requests/storage","value":"20Gi"})",
       R"({"op":"add","path":"/spec/port","value":5001})"});
}

bool has_editable_spec(const Type& type) {
  return type.kind != "Secret" && type.kind != "Lease" && type.kind != "LocalRegistry";
}

// Returns the part of a spec that another manager applies.
std::string applied_part(Dice& dice, const Type& type) {
  if (type.kind == "Service") {
    return dice.pick({R"("type":"NodePort")",
                      R"("ports":[{"port":5000,"protocol":"TCP","name":"z"}])",
                      R"("selector":{"o":"p"})"});
  }
  if (type.kind == "PersistentVolumeClaim") return R"("resources":{"requests":{"storage":"5Gi"}})";
  return dice.pick({R"("replicas":2)",
                    R"("template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}})",
                    R"("template":{"spec":{"containers":[)"
                    R"({"name":"registry","env":[{"name":"E","value":"1"}]}]}})",
                    R"("template":{"metadata":{"labels":{"q":"r"}}})"});
}

std::string preconditions(Dice& dice, const Type& type, const std::string& name) {
  std::string text;
  if (dice.chance(60)) {
    text = fmt::format(R"("uid":"{}")",
                       dice.chance(85) ? fmt::format("@uid:{}/{}@", type.kind, name) : kNobody);
  }
  if (dice.chance(25)) {
    text += fmt::format(R"({}"resourceVersion":"@{}:{}/{}@")", text.empty() ? "" : ",",
                        dice.chance(70) ? "rv" : "old", type.kind, name);
  }
  return text;
}

}  // namespace

std::string registry_spec_field(Dice& dice) {
  switch (dice.between(0, 13)) {
    case 0: return fmt::format(R"("port":{})", dice.between(1, 3) * 2500);
    case 1: return R"("name":")" + dice.pick({"registry", "other", "A_b", "-"}) + '"';
    case 2: return R"("enabled":)" + dice.pick({"true", "false", "null"});
    case 3: return R"("persistence":{"enabled":)" + dice.pick({"true", "false"}) + "}";
    case 4:
      return R"("persistence":{"size":)" +
             dice.pick({"\"5Gi\"", "\"x\"", "7", "\"0\"", "\"1e3\""}) + "}";
    case 5: return R"("images":[{"name":"a","image":")" + dice.pick({"b/c", "B", "b:5"}) + R"("}])";
    case 6: return R"("images":[{"name":"b","image":"x","tags":["one","two"]}])";
    case 7:
      return R"("resources":{"limits":{"cpu":"1"},"requests":{"cpu":)" +
             dice.pick({"2", "\"500m\""}) + "}}";
    case 8: return R"("nodeSelector":{")" + dice.pick({"disk", "a b", "k/x"}) + R"(":"ssd"})";
    case 9:
      return R"("tolerations":[{"key":"k","operator":")" + dice.pick({"Exists", "Equal", "No"}) +
             R"("}])";
    case 10: return fmt::format(R"("nodePort":{})", dice.between(0, 1) * 70000);
    case 11:
      return R"("persistence":{"whenDeleted":")" + dice.pick({"Retain", "Delete", "Never"}) +
             R"("})";
    case 12: return R"("image":")" + dice.pick({"registry:2", "Registry", "r/s:t"}) + '"';
    default: return R"("suspend":)" + dice.pick({"true", "false", "\"yes\""});
  }
}

std::string metadata_edit(Dice& dice) {
  return dice.pick({R"("labels":{"keep":"yes"})", R"("labels":{"keep":null})", R"("labels":null)",
                    R"("annotations":{"a":"b"})", R"("annotations":null)",
                    R"("ownerReferences":null)", R"("finalizers":["example.com/hold"])",
                    R"("finalizers":null)", R"("labels":{"app.kubernetes.io/name":"else"})"});
}

std::string spec_edit(Dice& dice, const Type& type) {
  if (type.kind == "LocalRegistry") return registry_spec_field(dice);
  if (type.kind == "Service") return service_edit(dice);
  if (type.kind == "PersistentVolumeClaim") return claim_edit(dice);
  return workload_edit(dice);
}

Step user_creates_registry(Dice& dice) {
  const std::string spec = dice.chance(70) ? registry_spec_field(dice) : "";
  return {Method::kPost,
          std::string(type_of("LocalRegistry").path) +
              (dice.chance(80) ? "?fieldManager=kubectl-create" : ""),
          kJson, registry_body(dice, spec)};
}

Step user_writes_registry(Dice& dice) {
  if (dice.chance(30)) return user_creates_registry(dice);
  const Type& type = type_of("LocalRegistry");
  const std::string spec = dice.chance(70) ? registry_spec_field(dice) : "";
  if (dice.chance(40)) {
    return {Method::kPatch,
            type.one("dev") + "?fieldManager=kubectl" + (dice.chance(50) ? "&force=true" : ""),
            kApply, registry_body(dice, spec)};
  }
  if (dice.chance(20)) return changes_finalizers(dice);
  return {Method::kPatch, type.one("dev") + "?fieldManager=kubectl-edit", kMerge,
          R"({"spec":{)" + registry_spec_field(dice) + "}}"};
}

Step edits(Dice& dice) {
  const Type& type = dice.chance(85) ? dice.child() : dice.any_type();
  const std::string name = dice.name_for(type);
  const std::string body = dice.chance(50) || !has_editable_spec(type)
                               ? R"("metadata":{)" + metadata_edit(dice) + "}"
                               : R"("spec":{)" + spec_edit(dice, type) + "}";
  return {Method::kPatch, type.one(name) + (dice.chance(80) ? "?fieldManager=kubectl-edit" : ""),
          kMerge, "{" + body + "}"};
}

Step patches_by_operations(Dice& dice) {
  const Type& type = dice.chance(85) ? dice.child() : dice.any_type();
  const std::string name = dice.name_for(type);
  std::string operations;
  if (dice.chance(30)) {
    const bool by_uid = dice.chance(50);
    operations = fmt::format(R"({{"op":"test","path":"/metadata/{}","value":"@{}:{}/{}@"}},)",
                             by_uid ? "uid" : "resourceVersion",
                             by_uid ? "uid" : dice.pick({"rv", "old"}), type.kind, name);
  }
  operations += dice.chance(60) ? metadata_operation(dice) : spec_operation(dice);
  if (dice.chance(20)) operations += "," + metadata_operation(dice);
  return {Method::kPatch, type.one(name) + "?fieldManager=kubectl-patch", kOperations,
          "[" + operations + "]"};
}

Step replaces(Dice& dice) {
  const Type& type = dice.chance(70) ? dice.child() : dice.any_type();
  const std::string name = dice.name_for(type);
  const bool has_spec = type.kind != "Secret" && type.kind != "Lease";
  std::string body = "{";
  if (has_spec && dice.chance(60)) body += R"("spec":{)" + spec_edit(dice, type) + "},";
  body += R"("metadata":{)" + metadata_edit(dice);
  if (dice.chance(10)) body += R"(,"resourceVersion":null)";
  if (dice.chance(8)) body += R"(,"resourceVersion":"1")";
  if (dice.chance(5)) body += fmt::format(R"(,"uid":"{}")", kNobody);
  return {Method::kPut, type.one(name) + "?fieldManager=kubectl-replace", kJson, body + "}}",
          fmt::format("{}/{}", type.kind, name)};
}

// Another manager applies a part of the object, with or without force.
Step other_manager_applies(Dice& dice) {
  const Type& type = dice.child();
  const std::string name = dice.child_name();
  std::string body =
      fmt::format(R"({{"apiVersion":"{}","kind":"{}","metadata":{{"name":"{}",{}}})", type.version,
                  type.kind, name,
                  dice.pick({R"("labels":{"keep":"yes"})", R"("labels":{"keep":"no","b":"c"})",
                             R"("annotations":{"n":"1"})", R"("finalizers":["example.com/a"])"}));
  if (dice.chance(50)) body += R"(,"spec":{)" + applied_part(dice, type) + "}";
  return {Method::kPatch,
          type.one(name) + "?fieldManager=" + dice.pick({"argo", "flux"}) +
              (dice.chance(60) ? "&force=true" : ""),
          kApply, body + "}"};
}

Step deletes(Dice& dice) {
  const Type& type = dice.chance(20)   ? type_of("LocalRegistry")
                     : dice.chance(80) ? dice.child()
                                       : dice.any_type();
  const std::string name = dice.name_for(type);
  std::string body = R"({"apiVersion":"v1","kind":"DeleteOptions")";
  const std::string conditions = preconditions(dice, type, name);
  if (!conditions.empty()) body += ",\"preconditions\":{" + conditions + "}";
  if (dice.chance(80)) {
    body += R"(,"propagationPolicy":")" +
            dice.pick({"Background", "Background", "Foreground", "Orphan"}) + '"';
  }
  return {Method::kDelete, type.one(name), kJson, body + "}"};
}

}  // namespace against_real
