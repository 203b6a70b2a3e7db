#include "sim/against_real/sequence.h"

#include <fmt/core.h>

#include <array>
#include <initializer_list>
#include <map>
#include <utility>

#include "api/apps.h"
#include "api/local_registry.h"
#include "base/random.h"
#include "kube/requests.h"
#include "reconcile/children.h"

namespace against_real {
namespace {

using kube::Method;

constexpr auto kMerge = "application/merge-patch+json";
constexpr auto kApply = "application/apply-patch+yaml";
constexpr auto kJson = "application/json";
constexpr auto kNobody = "00000000-0000-4000-8000-00000000dead";

struct Type {
  const char* kind;
  const char* path;  // up to the plural, with @ns@
  bool has_status;
};
constexpr std::array<Type, 7> kTypes = {
    {{"LocalRegistry", "/apis/localregistry.dev/v1alpha1/namespaces/@ns@/localregistries", true},
     {"Deployment", "/apis/apps/v1/namespaces/@ns@/deployments", true},
     {"StatefulSet", "/apis/apps/v1/namespaces/@ns@/statefulsets", true},
     {"Service", "/api/v1/namespaces/@ns@/services", true},
     {"PersistentVolumeClaim", "/api/v1/namespaces/@ns@/persistentvolumeclaims", true},
     {"Secret", "/api/v1/namespaces/@ns@/secrets", false},
     {"Lease", "/apis/coordination.k8s.io/v1/namespaces/@ns@/leases", false}}};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Sequence make(std::uint64_t seed) {
    Sequence sequence;
    sequence.seed = seed;
    const std::uint64_t most = chance(10) ? 50 : 16;
    const std::uint64_t count = random_.between(1, most);
    while (sequence.steps.size() < count) sequence.steps.push_back(step());
    sequence.watch = watch();
    return sequence;
  }

 private:
  bool chance(int percent) {
    return random_.between(1, 100) <= static_cast<std::uint64_t>(percent);
  }

  std::string pick(std::initializer_list<const char*> options) {
    return *(options.begin() + static_cast<std::ptrdiff_t>(random_.between(0, options.size() - 1)));
  }

  const Type& type() { return kTypes.at(random_.between(0, kTypes.size() - 1)); }
  const Type& child() { return kTypes.at(random_.between(1, 4)); }

  // Few names, so that requests meet each other's objects.
  std::string object_name() { return chance(80) ? "registry" : pick({"other", "third"}); }

  Step step() {
    const std::uint64_t drawn = random_.between(1, 100);
    if (drawn <= 30) return operator_applies();
    if (drawn <= 36) return operator_writes_status();
    if (drawn <= 44) return deletes();
    if (drawn <= 54) return user_writes_registry();
    if (drawn <= 70) return edit();
    if (drawn <= 78) return controller_writes_status();
    if (drawn <= 84) return replaces();
    if (drawn <= 89) return other_applies();
    if (drawn <= 93) return reads();
    if (drawn <= 96) return other_types();
    return hostile();
  }

  api::LocalRegistry registry() {
    api::LocalRegistry made;
    made.metadata.name = "dev";
    made.metadata.namespace_name = "@ns@";
    made.metadata.uid = chance(80) ? kNobody : "00000000-0000-4000-8000-000000000002";
    made.spec.name = object_name();
    if (chance(20)) made.spec.image = pick({"registry:2", "registry", "a/b@sha256:00", "r:latest"});
    if (chance(25)) made.spec.port = chance(50) ? 5001 : 6000;
    if (chance(15)) made.spec.node_selector = {{"disk", "ssd"}};
    if (chance(15)) made.spec.image_pull_secrets = {{"pull"}};
    if (chance(15)) {
      made.spec.tolerations = {{"dedicated", "Equal", "builds", "NoSchedule", std::nullopt}};
    }
    if (chance(20)) {
      made.spec.resources.limits["memory"] = api::Quantity{pick({"1Gi", "1024Mi", "500M"})};
      if (chance(50)) made.spec.resources.requests["memory"] = api::Quantity{"128Mi"};
      if (chance(50)) made.spec.resources.requests["cpu"] = api::Quantity{pick({"0.5", "100m"})};
    }
    if (chance(10)) {
      made.spec.affinity.text =
          R"({"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]}]}}})";
    }
    made.spec.persistence.enabled = chance(40);
    made.spec.persistence.size = api::Quantity{pick({"5Gi", "1Gi", "10Gi", "5120Mi", "1500M"})};
    if (chance(30)) made.spec.persistence.storage_class_name = pick({"standard", "other"});
    return made;
  }

  // What an apply expects, as the operator states it; sometimes wrongly.
  std::string guard(const std::string& kind, const std::string& name, std::string body) {
    api::ObjectMeta meta;
    const std::uint64_t drawn = random_.between(1, 100);
    std::string text;
    if (drawn <= 35)
      text = R"("resourceVersion":"1",)";
    else if (drawn <= 80)
      text = fmt::format(R"("uid":"@uid:{}/{}@",)", kind, name);
    else if (drawn <= 84)
      text = fmt::format(R"("uid":"{}",)", kNobody);
    else if (drawn <= 87)
      text = fmt::format(R"("resourceVersion":"@rv:{}/{}@",)", kind, name);
    const std::string mark = R"("metadata":{)";
    return body.insert(body.find(mark) + mark.size(), text);
  }

  template <class T>
  Step applied(const T& object) {
    const api::ObjectKey key = api::key_of(object.metadata);
    const std::string kind(api::Resource<T>::kType.kind);
    return {Method::kPatch,
            path_of(kind) + "/" + key.name + "?fieldManager=local-registry-operator&force=true",
            kApply, guard(kind, key.name, api::encode_object(object))};
  }

  static std::string path_of(const std::string& kind) {
    for (const Type& type : kTypes) {
      if (kind == type.kind) return type.path;
    }
    return "";
  }

  Step operator_applies() {
    const api::LocalRegistry made = registry();
    switch (random_.between(0, 3)) {
      case 0: return applied(reconcile::build_deployment(made, chance(60)));
      case 1: return applied(reconcile::build_stateful_set(made, chance(60)));
      case 2: return applied(reconcile::build_claim(made, nullptr));
      default: break;
    }
    Step step = applied(reconcile::build_service(made, 0));
    if (chance(40)) {
      const std::string mark = R"("targetPort":)";
      const std::string port = chance(90) ? fmt::format("@port:{}@", random_.between(0, 2))
                                          : pick({"80", "40000", "29999", "-1"});
      step.body.insert(step.body.find(mark), "\"nodePort\":" + port + ",");
    }
    return step;
  }

  std::string condition(const char* type) {
    return fmt::format(
        R"({{"type":"{}","status":"{}","reason":"{}","message":"{}","lastTransitionTime":"2020-01-0{}T00:00:00Z"}})",
        type, pick({"True", "False", "Unknown"}), pick({"Ready", "NotReady"}), pick({"", "why"}),
        random_.between(1, 3));
  }

  std::string registry_status() {
    std::string status = fmt::format(R"("observedGeneration":{})", random_.between(1, 3));
    if (chance(50)) status += R"(,"delivery":")" + pick({"LocalRegistry", "Upstream"}) + '"';
    if (chance(50)) status += fmt::format(R"(,"nodePort":{})", random_.between(30000, 30002));
    if (chance(50)) status += R"(,"url":"localhost:30000")";
    if (chance(30)) {
      status += R"(,"images":[{"name":"a","image":"b","pushPermission":"Granted"}])";
    }
    status += R"(,"conditions":[)" + condition("Ready");
    if (chance(50)) status += "," + condition("Accepted");
    return status + "]";
  }

  Step operator_writes_status() {
    std::string meta = R"("name":"dev","namespace":"@ns@")";
    if (chance(60)) meta += R"(,"resourceVersion":"@rv:LocalRegistry/dev@")";
    if (chance(30)) meta += R"(,"uid":"@uid:LocalRegistry/dev@")";
    return {
        Method::kPatch,
        path_of("LocalRegistry") + "/dev/status?fieldManager=local-registry-operator&force=true",
        kApply,
        R"({"apiVersion":"localregistry.dev/v1alpha1","kind":"LocalRegistry","metadata":{)" + meta +
            R"(},"status":{)" + registry_status() + "}}"};
  }

  Step deletes() {
    const Type& which = chance(20) ? kTypes[0] : (chance(80) ? child() : type());
    const std::string name = which.kind == kTypes[0].kind ? "dev" : object_name();
    std::string body = R"({"apiVersion":"v1","kind":"DeleteOptions")";
    std::string preconditions;
    if (chance(60)) {
      preconditions = fmt::format(
          R"("uid":"{}")", chance(85) ? fmt::format("@uid:{}/{}@", which.kind, name) : kNobody);
    }
    if (chance(25)) {
      preconditions +=
          fmt::format(R"({}"resourceVersion":"@{}:{}/{}@")", preconditions.empty() ? "" : ",",
                      chance(70) ? "rv" : "old", which.kind, name);
    }
    if (!preconditions.empty()) body += ",\"preconditions\":{" + preconditions + "}";
    if (chance(80)) {
      body += R"(,"propagationPolicy":")" +
              pick({"Background", "Background", "Foreground", "Orphan"}) + '"';
    }
    return {Method::kDelete, std::string(which.path) + "/" + name, kJson, body + "}"};
  }

  std::string spec_field() {
    switch (random_.between(0, 13)) {
      case 0: return fmt::format(R"("port":{})", random_.between(1, 3) * 2500);
      case 1: return R"("name":")" + pick({"registry", "other", "A_b", "-"}) + '"';
      case 2: return R"("enabled":)" + pick({"true", "false", "null"});
      case 3: return R"("persistence":{"enabled":)" + pick({"true", "false"}) + "}";
      case 4:
        return R"("persistence":{"size":)" + pick({"\"5Gi\"", "\"x\"", "7", "\"0\"", "\"1e3\""}) +
               "}";
      case 5: return R"("images":[{"name":"a","image":")" + pick({"b/c", "B", "b:5"}) + R"("}])";
      case 6: return R"("images":[{"name":"b","image":"x","tags":["one","two"]}])";
      case 7:
        return R"("resources":{"limits":{"cpu":"1"},"requests":{"cpu":)" + pick({"2", "\"500m\""}) +
               "}}";
      case 8: return R"("nodeSelector":{")" + pick({"disk", "a b", "k/x"}) + R"(":"ssd"})";
      case 9:
        return R"("tolerations":[{"key":"k","operator":")" + pick({"Exists", "Equal", "No"}) +
               R"("}])";
      case 10: return fmt::format(R"("nodePort":{})", random_.between(0, 1) * 70000);
      case 11:
        return R"("persistence":{"whenDeleted":")" + pick({"Retain", "Delete", "Never"}) + R"("})";
      case 12: return R"("image":")" + pick({"registry:2", "Registry", "r/s:t"}) + '"';
      default: return R"("suspend":)" + pick({"true", "false", "\"yes\""});
    }
  }

  std::string registry_body(const std::string& spec) {
    return R"({"apiVersion":"localregistry.dev/v1alpha1","kind":"LocalRegistry","metadata":{"name":"dev")" +
           std::string(chance(20) ? R"(,"labels":{"keep":"yes"})" : "") +
           std::string(chance(10) ? R"(,"finalizers":["localregistry.dev/cleanup"])" : "") +
           R"(},"spec":{)" + spec + "}}";
  }

  Step user_writes_registry() {
    const std::string path = path_of("LocalRegistry");
    std::string spec = chance(70) ? spec_field() : "";
    if (chance(40)) {
      return {Method::kPost, path + (chance(80) ? "?fieldManager=kubectl-create" : ""), kJson,
              registry_body(spec)};
    }
    if (chance(40)) {
      return {Method::kPatch,
              path + "/dev?fieldManager=kubectl" + (chance(50) ? "&force=true" : ""), kApply,
              registry_body(spec)};
    }
    if (chance(20)) {
      return {
          Method::kPatch, path + "/dev?fieldManager=local-registry-operator", kMerge,
          fmt::format(
              R"({{"metadata":{{"uid":"@uid:LocalRegistry/dev@","resourceVersion":"@{}:LocalRegistry/dev@","finalizers":[{}]}}}})",
              chance(80) ? "rv" : "old", chance(50) ? R"("localregistry.dev/cleanup")" : "")};
    }
    return {Method::kPatch, path + "/dev?fieldManager=kubectl-edit", kMerge,
            R"({"spec":{)" + spec_field() + "}}"};
  }

  std::string metadata_edit() {
    switch (random_.between(0, 8)) {
      case 0: return R"("labels":{"keep":"yes"})";
      case 1: return R"("labels":{"keep":null})";
      case 2: return R"("labels":null)";
      case 3: return R"("annotations":{"a":"b"})";
      case 4: return R"("annotations":null)";
      case 5: return R"("ownerReferences":null)";
      case 6: return R"("finalizers":["example.com/hold"])";
      case 7: return R"("finalizers":null)";
      default: return R"("labels":{"app.kubernetes.io/name":"else"})";
    }
  }

  std::string spec_edit(const std::string& kind) {
    if (kind == "Service") {
      return pick(
          {R"("type":"ClusterIP")", R"("type":"NodePort")", R"("type":"LoadBalancer")",
           R"("selector":{"x":"y"})", R"("selector":null)", R"("clusterIP":"10.96.0.99")",
           R"("ports":[{"name":"registry","port":5000,"protocol":"TCP","nodePort":@port:1@}])",
           R"("ports":[{"port":80}])", R"("ports":[{"port":80},{"port":81}])",
           R"("ports":[{"name":"a","port":80},{"name":"b","port":81}])", R"("ports":[])",
           R"("sessionAffinity":"ClientIP")", R"("publishNotReadyAddresses":false)",
           R"("externalTrafficPolicy":"Local")"});
    }
    if (kind == "PersistentVolumeClaim") {
      return pick({R"("resources":{"requests":{"storage":"20Gi"}})",
                   R"("resources":{"requests":{"storage":"1Gi"}})",
                   R"("resources":{"requests":{"storage":"5120Mi"}})",
                   R"("storageClassName":"other")", R"("volumeName":"v")",
                   R"("accessModes":["ReadWriteMany"])"});
    }
    return pick({R"("replicas":0)",
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

  // Somebody else's hand in what the operator made.
  Step edit() {
    const Type& which = chance(85) ? child() : type();
    const std::string name = which.kind == kTypes[0].kind ? std::string("dev") : object_name();
    const std::string kind = which.kind;
    const bool has_spec = kind != "Secret" && kind != "Lease" && kind != "LocalRegistry";
    std::string body = chance(50) || !has_spec ? R"("metadata":{)" + metadata_edit() + "}"
                                               : R"("spec":{)" + spec_edit(kind) + "}";
    return {Method::kPatch,
            std::string(which.path) + "/" + name + (chance(80) ? "?fieldManager=kubectl-edit" : ""),
            kMerge, "{" + body + "}"};
  }

  std::string workload_status() {
    std::string status = fmt::format(R"("observedGeneration":{})", random_.between(1, 4));
    const std::uint64_t ready = random_.between(0, 1);
    status += fmt::format(
        R"(,"replicas":1,"updatedReplicas":1,"readyReplicas":{},"availableReplicas":{})", ready,
        ready);
    return status;
  }

  std::string claim_status() {
    return pick({R"("phase":"Bound","capacity":{"storage":"5Gi"},"accessModes":["ReadWriteOnce"])",
                 R"("phase":"Bound","capacity":{"storage":"1Gi"})", R"("phase":"Lost")",
                 R"("phase":"Pending")",
                 R"("conditions":[{"type":"Resizing","status":"True","lastProbeTime":null}])"});
  }

  Step controller_writes_status() {
    const Type& which = child();
    const std::string kind = which.kind;
    std::string status = kind == "PersistentVolumeClaim" ? claim_status()
                         : kind == "Service"
                             ? std::string(R"("loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]})")
                             : workload_status();
    if (kind == "Deployment" && chance(50)) {
      status +=
          R"(,"conditions":[{"type":"Available","status":"True","reason":"R","message":"m","lastTransitionTime":"2020-01-01T00:00:00Z","lastUpdateTime":"2020-01-01T00:00:00Z"}])";
    }
    const std::string name = object_name();
    std::string body = R"({"status":{)" + status + "}";
    if (chance(15)) body += R"(,"metadata":{"labels":{"keep":"yes"},"annotations":{"s":"t"}})";
    if (chance(10)) body += R"(,"spec":{"replicas":7})";
    body += "}";
    const std::string target =
        std::string(which.path) + "/" + name + "/status?fieldManager=kube-controller-manager";
    if (chance(40)) return {Method::kPut, target, kJson, body, kind + "/" + name};
    return {Method::kPatch, target, kMerge, body};
  }

  Step replaces() {
    const Type& which = chance(70) ? child() : type();
    const std::string kind = which.kind;
    const std::string name = kind == "LocalRegistry" ? std::string("dev") : object_name();
    const bool has_spec = kind != "Secret" && kind != "Lease";
    std::string body = "{";
    if (has_spec && chance(60)) {
      body += R"("spec":{)" + (kind == "LocalRegistry" ? spec_field() : spec_edit(kind)) + "},";
    }
    body += R"("metadata":{)" + metadata_edit();
    if (chance(10)) body += R"(,"resourceVersion":null)";
    if (chance(8)) body += R"(,"resourceVersion":"1")";
    if (chance(5)) body += fmt::format(R"(,"uid":"{}")", kNobody);
    return {Method::kPut, std::string(which.path) + "/" + name + "?fieldManager=kubectl-replace",
            kJson, body + "}}", kind + "/" + name};
  }

  // Another manager that applies a part, forced or not.
  Step other_applies() {
    const Type& which = child();
    const std::string kind = which.kind;
    const std::string name = object_name();
    const std::string version = kind == "Deployment" || kind == "StatefulSet" ? "apps/v1" : "v1";
    std::string body = fmt::format(
        R"({{"apiVersion":"{}","kind":"{}","metadata":{{"name":"{}",{}}})", version, kind, name,
        pick({R"("labels":{"keep":"yes"})", R"("labels":{"keep":"no","b":"c"})",
              R"("annotations":{"n":"1"})", R"("finalizers":["example.com/a"])"}));
    if (chance(50)) {
      body += R"(,"spec":{)";
      if (kind == "Service") {
        body +=
            pick({R"("type":"NodePort")", R"("ports":[{"port":5000,"protocol":"TCP","name":"z"}])",
                  R"("selector":{"o":"p"})"});
      } else if (kind == "PersistentVolumeClaim") {
        body += R"("resources":{"requests":{"storage":"5Gi"}})";
      } else {
        body += pick(
            {R"("replicas":2)",
             R"("template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}})",
             R"("template":{"spec":{"containers":[{"name":"registry","env":[{"name":"E","value":"1"}]}]}})",
             R"("template":{"metadata":{"labels":{"q":"r"}}})"});
      }
      body += "}";
    }
    return {Method::kPatch,
            std::string(which.path) + "/" + name + "?fieldManager=" + pick({"argo", "flux"}) +
                (chance(60) ? "&force=true" : ""),
            kApply, body + "}"};
  }

  Step reads() {
    const Type& which = type();
    const std::string path = which.path;
    switch (random_.between(0, 4)) {
      case 0: return {Method::kGet, path + "/" + object_name()};
      case 1: return {Method::kGet, path + "?labelSelector=keep%3Dyes"};
      case 2: return {Method::kGet, path + "?limit=1"};
      case 3: return {Method::kGet, path + "?fieldSelector=metadata.name%3Dregistry"};
      default: return {Method::kGet, path};
    }
  }

  Step other_types() {
    const std::string leases = path_of("Lease");
    const std::string secrets = path_of("Secret");
    switch (random_.between(0, 7)) {
      case 0:
        return {
            Method::kPost, leases + "?fieldManager=m", kJson,
            R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"registry"},"spec":{"holderIdentity":"a","leaseDurationSeconds":15,"renewTime":"2020-01-01T00:00:00.000001Z"}})"};
      case 1:
        return {Method::kPut, leases + "/registry?fieldManager=m", kJson,
                R"({"spec":{"holderIdentity":"b","leaseTransitions":0}})", "Lease/registry"};
      case 2:
        return {
            Method::kPost, secrets + "?fieldManager=m", kJson,
            R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"registry"},"stringData":{"a":"b"},"data":{"c":"ZA=="}})"};
      case 3:
        return {Method::kPatch, secrets + "/registry?fieldManager=m", kMerge,
                R"({"data":{"a":)" + pick({"null", "\"eA==\""}) + "}}"};
      case 4:
        return {
            Method::kPost, "/apis/events.k8s.io/v1/namespaces/@ns@/events?fieldManager=m", kJson,
            R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e","namespace":"@ns@"},"eventTime":"2020-01-01T00:00:00.000001Z","reportingController":"c","reportingInstance":"i","action":"A","reason":"R","type":"Normal","note":"n","regarding":{"kind":"Service","namespace":"@ns@","name":"registry"}})"};
      case 5:
        return {Method::kPatch, "/api/v1/namespaces/@ns@?fieldManager=kubectl", kMerge,
                R"({"metadata":{"annotations":{"localregistry.dev/allow-from":"a,b"}}})"};
      case 6:
        if (chance(30)) return {Method::kDelete, "/api/v1/namespaces/@ns@"};
        return {Method::kGet, "/api/v1/namespaces/@ns@"};
      default:
        return {
            Method::kPost, "/api/v1/namespaces/@ns@/pods?fieldManager=m", kJson,
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"registry","labels":{"a":"b"}},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1"}}}]}})"};
    }
  }

  Step hostile() {
    const Type& which = type();
    const std::string path = which.path;
    const std::string one = path + "/" + object_name();
    switch (random_.between(0, 13)) {
      case 0: return {Method::kPost, path, kJson, "{\"kind\":"};
      case 1: return {Method::kPost, path, "text/plain", "{}"};
      case 2: return {Method::kPatch, one, kMerge, "[1]"};
      case 3: return {Method::kPatch, one, "text/plain", "{}"};
      case 4:
        return {Method::kPatch, one + "?fieldManager=m&force=true", kApply, "not: [an object"};
      case 5: return {Method::kGet, "/apis/absent.example/v1/namespaces/@ns@/absents/x"};
      case 6: return {Method::kGet, "/api/v1/namespaces/@ns@/unknowns"};
      case 7: return {Method::kPatch, one, kMerge, R"({"metadata":{"labels":{"a":1}}})"};
      case 8: return {Method::kPatch, one, kMerge, R"({"metadata":{"uid":"x"}})"};
      case 9: return {Method::kPatch, one, kMerge, R"({"metadata":{"resourceVersion":"1"}})"};
      case 10: return {Method::kPatch, one, kMerge, R"({"spec":{"replicas":"x","unknown":1}})"};
      case 11:
        return {Method::kPatch, path + "/wrong?fieldManager=m", kApply,
                fmt::format(R"({{"apiVersion":"{}","kind":"{}","metadata":{{"name":"other"}}}})",
                            path.starts_with("/api/") ? "v1" : "apps/v1", which.kind)};
      case 12:
        return {Method::kPost, "/api/v1/namespaces/missing-@ns@/services", kJson,
                R"({"metadata":{"name":"a"},"spec":{"ports":[{"port":1}]}})"};
      default:
        return {Method::kPost, path_of("Service"), kJson,
                R"({"metadata":{"name":"registry"},"spec":{"ports":[{"port":)" +
                    pick({"0", "70000", "80"}) + "}]}}"};
    }
  }

  WatchPlan watch() {
    const Type& which = type();
    const std::string kind = which.kind;
    WatchPlan plan;
    const std::string path = which.path;
    plan.plural = path.substr(path.rfind('/') + 1);
    plan.query = "resourceVersion=@start@";
    if (chance(40)) plan.query += "&labelSelector=keep%3Dyes";
    std::string spec;
    if (kind == "Service") spec = R"("ports":[{"port":80}])";
    if (kind == "PersistentVolumeClaim") {
      spec = R"("accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}})";
    }
    if (kind == "Deployment" || kind == "StatefulSet") {
      spec =
          R"("selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}})";
    }
    const std::string version = kind == "LocalRegistry"      ? "localregistry.dev/v1alpha1"
                                : kind == "Lease"            ? "coordination.k8s.io/v1"
                                : path.starts_with("/apis/") ? "apps/v1"
                                                             : "v1";
    plan.marker = {
        Method::kPost, path + "?fieldManager=m", kJson,
        fmt::format(
            R"({{"apiVersion":"{}","kind":"{}","metadata":{{"name":"marker","labels":{{"keep":"yes"}}}}{}}})",
            version, kind, spec.empty() ? "" : ",\"spec\":{" + spec + "}")};
    return plan;
  }

  base::Random random_;
};

}  // namespace

Sequence make_sequence(std::uint64_t seed) { return Generator(seed).make(seed); }

}  // namespace against_real
