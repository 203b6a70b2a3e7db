#include "sim/scenario.h"

#include <fmt/core.h>

#include <utility>

#include "reconcile/children/children.h"
#include "reconcile/children/names.h"
#include "sim/hostile.h"
#include "sim/read.h"
#include "sim/webhooks.h"

namespace sim {
namespace {

using Key = api::ObjectKey;

const Key kRegistry = {"team-a", "dev"};
const Key kChild = {"team-a", "registry"};
constexpr int kTries = 100;  // resources created until the uids have the wanted order

struct Spec {
  std::string name;
  std::string text;
};

// One spec for each class of values of each field. If the schema refuses a spec, the present one
// stays.
const std::vector<Spec>& specs() {
  static const std::vector<Spec> kSpecs = {
      {"default", "{}"},
      {"enabled", R"({"enabled":true})"},
      {"disabled", R"({"enabled":false})"},
      {"localbuild", R"({"localbuild":true})"},
      {"another namespace", R"({"namespace":"shared"})"},
      {"a namespace that is not there", R"({"namespace":"nowhere"})"},
      {"another name", R"({"name":"images"})"},
      {"another image", R"({"image":"registry:3"})"},
      {"another BuildKit", R"({"buildKitImage":"buildkit:1"})"},
      {"another port", R"({"port":5001})"},
      {"a node port", R"({"nodePort":31234})"},
      {"another node port", R"({"nodePort":31235})"},
      {"a node port out of range", R"({"nodePort":80})"},
      {"persistence", R"({"persistence":{"enabled":true}})"},
      {"persistence until deleted", R"({"persistence":{"enabled":true,"whenDeleted":"Delete"}})"},
      {"deletion without persistence", R"({"persistence":{"whenDeleted":"Delete"}})"},
      {"a larger volume", R"({"persistence":{"enabled":true,"size":"8Gi"}})"},
      {"a smaller volume", R"({"persistence":{"enabled":true,"size":"1Gi"}})"},
      {"a class", R"({"persistence":{"enabled":true,"storageClassName":"fast"}})"},
      {"pull secrets", R"({"imagePullSecrets":[{"name":"pull"}]})"},
      {"resources", R"({"resources":{"limits":{"cpu":"1"}}})"},
      {"BuildKit's resources", R"({"buildKitResources":{"limits":{"cpu":"1"}}})"},
      {"a node selector", R"({"nodeSelector":{"disk":"ssd"}})"},
      {"tolerations", R"({"tolerations":[{"key":"k","operator":"Exists"}]})"},
      {"affinity",
       R"({"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":)"
       R"([{"weight":1,"podAffinityTerm":{"topologyKey":"kubernetes.io/hostname"}}]}}})"},
      {"suspended", R"({"suspend":true})"},
      {"an image that can be pushed", R"({"images":[{"name":"a","image":"granted.example/a"}]})"},
      {"an image that cannot be pushed", R"({"images":[{"name":"b","image":"denied.example/b"}]})"},
      {"a port that the schema refuses", R"({"port":0})"},
      {"a name that the schema refuses", R"({"name":"Not_A_Name"})"},
  };
  return kSpecs;
}

// A tenant who may edit team-b creates objects there that claim to belong to team-a/dev, with its
// uid.
void forge(World& world) {
  const ObjectPtr victim = world.server.find("localregistries", kRegistry);
  const std::string meta =
      fmt::format(R"("metadata":{{"name":"forged","namespace":"team-b","labels":{{"forged":"yes",)"
                  R"("app.kubernetes.io/managed-by":"local-registry-operator",)"
                  R"("app.kubernetes.io/instance":"registry","localregistry.dev/owner-uid":"{}"}},)"
                  R"("annotations":{{"localregistry.dev/owner":"team-a/dev"}}}})",
                  victim ? victim->uid : "of-an-earlier-one");
  const std::string pod =
      R"({"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}})";
  world.create("services", "team-b",
               fmt::format(R"({{"apiVersion":"v1","kind":"Service",{},"spec":{{"type":"NodePort",)"
                           R"("ports":[{{"name":"registry","port":5000}}]}}}})",
                           meta));
  world.create("deployments", "team-b",
               fmt::format(R"({{"apiVersion":"apps/v1","kind":"Deployment",{},"spec":{{"selector":)"
                           R"({{"matchLabels":{{"a":"b"}}}},"template":{}}}}})",
                           meta, pod));
  world.create("persistentvolumeclaims", "team-b",
               fmt::format(R"({{"apiVersion":"v1","kind":"PersistentVolumeClaim",{},"spec":)"
                           R"({{"accessModes":["ReadWriteOnce"],"resources":{{"requests":)"
                           R"({{"storage":"1Gi"}}}}}}}})",
                           meta));
}

Step apply(const Spec& spec) {
  return {spec.name, [text = spec.text](World& world) { world.apply_registry(text); }};
}

Step patch(std::string name, std::string plural, Key key, std::string body) {
  return {std::move(name),
          [plural = std::move(plural), key = std::move(key), body = std::move(body)](World& world) {
            world.patch(plural, key, body);
          }};
}

Step removal(std::string name, std::string plural, Key key) {
  return {std::move(name), [plural = std::move(plural), key = std::move(key)](World& world) {
            world.remove(plural, key);
          }};
}

const Spec kDefault = {"default", "{}"};
const Spec kPersistent = {"persistence", R"({"persistence":{"enabled":true}})"};
const Spec kUntilDeleted = {"persistence until deleted",
                            R"({"persistence":{"enabled":true,"whenDeleted":"Delete"}})"};

// Returns the spec with one more field.
Spec with(const Spec& spec, const std::string& name, const std::string& field) {
  Spec result{spec.name + " with " + name, spec.text};
  result.text.insert(1, spec.text == "{}" ? field : field + ",");
  return result;
}

// Fields that keep the pod from being ready (see sim/kubelet.h). The scenarios correct them or
// delete the resource.
const std::vector<Spec>& mistakes() {
  static const std::vector<Spec> kMistakes = {
      {"a mistyped image", R"("image":"registry:missing")"},
      {"an image that crashes", R"("image":"registry:crashing")"},
      {"a node selector that fits no node", R"("nodeSelector":{"disk":"none"})"},
      {"a BuildKit that crashes", R"("buildKitImage":"buildkit:crashing")"},
  };
  return kMistakes;
}

struct Corruption {
  std::string name;
  std::string body;
};

// Corruptions of the metadata of any child.
std::vector<Corruption> of_metadata() {
  std::vector<Corruption> list;
  for (const char* label : {"app.kubernetes.io/name", "app.kubernetes.io/instance",
                            "app.kubernetes.io/component", "app.kubernetes.io/part-of",
                            "app.kubernetes.io/managed-by", "localregistry.dev/owner-uid"}) {
    list.push_back({fmt::format("label {} removed", label),
                    fmt::format(R"({{"metadata":{{"labels":{{"{}":null}}}}}})", label)});
    list.push_back({fmt::format("label {} changed", label),
                    fmt::format(R"({{"metadata":{{"labels":{{"{}":"other"}}}}}})", label)});
  }
  list.push_back({"labels removed", R"({"metadata":{"labels":null}})"});
  list.push_back({"annotations removed", R"({"metadata":{"annotations":null}})"});
  list.push_back({"owner references removed", R"({"metadata":{"ownerReferences":null}})"});
  list.push_back({"owned by somebody else as well",
                  R"({"metadata":{"annotations":{"example.com/note":"mine"}}})"});
  return list;
}

std::vector<Corruption> of_service() {
  return {
      {"selector changed", R"({"spec":{"selector":{"app.kubernetes.io/name":"other"}}})"},
      {"selector added to", R"({"spec":{"selector":{"more":"yes"}}})"},
      {"type changed", R"({"spec":{"type":"ClusterIP"}})"},
      {"port changed",
       R"({"spec":{"ports":[{"name":"registry","port":80,"targetPort":80,"protocol":"TCP"}]}})"},
      {"session affinity", R"({"spec":{"sessionAffinity":"ClientIP"}})"},
  };
}

std::vector<Corruption> of_workload() {
  return {
      {"scaled to nothing", R"({"spec":{"replicas":0}})"},
      {"scaled up", R"({"spec":{"replicas":3}})"},
      {"pod label changed", R"({"spec":{"template":{"metadata":{"labels":{"more":"yes"}}}}})"},
      {"grace period", R"({"spec":{"template":{"spec":{"terminationGracePeriodSeconds":5}}}})"},
      {"security context",
       R"({"spec":{"template":{"spec":{"securityContext":{"runAsNonRoot":false,"fsGroup":0}}}}})"},
      {"service links", R"({"spec":{"template":{"spec":{"enableServiceLinks":true}}}})"},
      {"containers replaced",
       R"({"spec":{"template":{"spec":{"containers":[{"name":"registry","image":"evil:1"}]}}}})"},
  };
}

void corrupt(const Spec& spec, const std::string& plural, const std::vector<Corruption>& list,
             std::vector<Scenario>& scenarios) {
  for (const Corruption& corruption : list) {
    scenarios.push_back(
        {fmt::format("corruptions/{}: {} with {}", plural, corruption.name, spec.name),
         {apply(spec), patch(corruption.name, plural, kChild, corruption.body)},
         {}});
  }
}

Step let_through(std::string name, std::string refused) {
  return {std::move(name), [refused = std::move(refused)](World& world) {
            if (refused.empty()) {
              world.refuse = nullptr;
              return;
            }
            world.refuse = [refused](const Admission& admission) -> std::optional<kube::Response> {
              if (!admission.user.starts_with(kOperator) || !admission.after) return std::nullopt;
              if (admission.after->plural != refused || !admission.subresource.empty()) {
                return std::nullopt;
              }
              return refusal(403, "Forbidden", "exceeded quota: tight");
            };
          }};
}

struct Policy {
  std::string name;
  std::string plural;
  std::string from;  // in the object's JSON
  std::string to;
};

const std::vector<Policy>& policies() {
  static const std::vector<Policy> kPolicies = {
      {"images", "deployments", R"("image":"registry)", R"("image":"harbor.test/hub/registry)"},
      {"images of sets", "statefulsets", R"("image":"registry)",
       R"("image":"harbor.test/registry)"},
      {"resources", "deployments", R"("cpu":"50m")", R"("cpu":"250m")"},
      {"grace periods", "deployments", R"("terminationGracePeriodSeconds":10)",
       R"("terminationGracePeriodSeconds":30)"},
      {"ports", "services", R"("targetPort":"registry")", R"("targetPort":5000)"},
      {"a field of nobody", "deployments", R"("schedulerName":"default-scheduler")",
       R"("schedulerName":"other")"},
  };
  return kPolicies;
}

// Begins to change every write of an object of the policy's type.
Step begin_policy(const Policy& policy) {
  return {"policy for " + policy.name, [policy](World& world) {
            world.mutate = [policy](const Admission& admission) -> std::optional<std::string> {
              if (admission.after->plural != policy.plural) return std::nullopt;
              std::string text = admission.after->text;
              const std::size_t at = text.find(policy.from);
              if (at == std::string::npos) return std::nullopt;
              return text.replace(at, policy.from.size(), policy.to);
            };
          }};
}

Step end_contests() {
  return {"no policy and no fight any more", [](World& world) { world.end_contests(); }};
}

Step expect_contest() {
  Step step = {"it is reported", [](World& world) { world.expect_contest_in_status(); }};
  step.is_bound = true;
  return step;
}

Step begin_fight(World::Fight over) {
  return {over == World::Fight::kPorts ? "a fight over ports" : "a fight over replicas",
          [over](World& world) { world.fight(over); }};
}

Step foreign(const std::string& plural) {
  return {
      "a foreign object", [plural](World& world) {
        const bool set = plural == "statefulsets";
        const std::string workload = fmt::format(
            R"({{"apiVersion":"apps/v1","kind":"{}","metadata":{{"name":"registry",)"
            R"("namespace":"team-a"}},"spec":{{{}"selector":{{"matchLabels":{{"a":"b"}}}},)"
            R"("template":{{"metadata":{{"labels":{{"a":"b"}}}},"spec":{{"containers":)"
            R"([{{"name":"c","image":"i"}}]}}}}}}}})",
            set ? "StatefulSet" : "Deployment", set ? R"("serviceName":"registry",)" : "");
        const std::string service =
            R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"registry",)"
            R"("namespace":"team-a"},"spec":{"ports":[{"port":80}]}})";
        const std::string claim =
            R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"registry",)"
            R"("namespace":"team-a"},"spec":{"accessModes":["ReadWriteOnce"],)"
            R"("resources":{"requests":{"storage":"1Gi"}}}})";
        world.create(plural, "team-a",
                     plural == "services"                 ? service
                     : plural == "persistentvolumeclaims" ? claim
                                                          : workload);
      }};
}

Step apply_as(const Spec& spec, std::string name, std::string namespace_name) {
  return {fmt::format("{} as {}/{}", spec.name, namespace_name, name),
          [text = spec.text, name = std::move(name), namespace_name = std::move(namespace_name)](
              World& world) { world.apply_registry(text, name, namespace_name); }};
}

// Creates the resource again as soon as the one with this uid is gone.
void apply_after(World& world, const std::string& uid, const std::string& spec) {
  const ObjectPtr found = world.server.find("localregistries", kRegistry);
  if (!found) {
    world.apply_registry(spec);
  } else if (found->uid == uid) {
    world.scheduler.after(20ms, [&world, uid, spec] { apply_after(world, uid, spec); });
  }
}

Step replace(const Spec& spec) {
  return {"replaced", [text = spec.text](World& world) {
            const ObjectPtr found = world.server.find("localregistries", kRegistry);
            world.remove("localregistries", kRegistry);
            apply_after(world, found ? found->uid : "", text);
          }};
}

Step restart_all() {
  return {"the operator is restarted", [](World& world) {
            for (Replica* replica : world.replicas()) world.restart(*replica);
          }};
}

enum class Record { kNone, kOfPod };

// Returns the Deployment as an earlier version of the operator applied it: with another pod. A
// version that is still earlier did not record the applied pod.
std::string earlier_deployment(const api::LocalRegistry& registry, Record record) {
  reconcile::AppliedPod pod = reconcile::new_pod(registry, true);
  pod.pod_template.metadata.labels.erase(std::string(reconcile::kAppLabel));
  for (api::Container& container : pod.pod_template.spec.containers) {
    container.termination_message_policy.clear();
    if (!container.env.empty()) container.env.resize(1);
  }
  api::Deployment deployment = reconcile::build_deployment(registry, pod, reconcile::kNeverRefused);
  if (record == Record::kOfPod) return api::encode_object(deployment);
  auto& annotations = deployment.metadata.annotations;
  annotations.erase(std::string(reconcile::kAppliedPodAnnotation));
  annotations.erase(std::string(reconcile::kBuildKitRefusedAnnotation));
  annotations[std::string(reconcile::kIntentAnnotation)] = "earlier";
  return api::encode_object(deployment);
}

constexpr auto kAway = 40s;

// From now on the running pods have images that must not be lost.
void keep_pods(World& world) {
  for (const ObjectPtr& pod : world.server.all("pods")) {
    if (!read<Pod>(pod).metadata.deletion_timestamp) world.oracles.keep_pod(pod->uid);
  }
}

// While the operator is away, the Deployment becomes one of an earlier version. When the operator
// is back, it must not replace the pod.
Step upgrade(Record record = Record::kNone) {
  const auto act = [record](World& world) {
    const ObjectPtr object = world.server.find("localregistries", kRegistry);
    if (!object || !world.server.find("deployments", kChild)) return;
    const auto& registry = read<api::LocalRegistry>(object);
    // The operator may replace the pod for a spec on which it has not acted yet, whatever its
    // version is.
    if (registry.status.observed_generation != registry.metadata.generation) return;
    for (Replica* replica : world.replicas()) world.crash(*replica, kAway);
    world.apply("deployments", kChild, earlier_deployment(registry, record), reconcile::kManager);
    world.run_for(kAway / 2);
    keep_pods(world);
  };
  return {"the operator is upgraded", act};
}

// The cluster's Pod Security default refuses pods with BuildKit, and no namespace label says so.
Scenario forbidden_buildkit(const Spec& spec) {
  const auto refuse = [](const Admission& admission) -> std::optional<kube::Response> {
    const bool is_refused = admission.after && admission.after->plural == "pods" &&
                            admission.after->text.find("buildkitd") != std::string::npos;
    if (!is_refused) return std::nullopt;
    return refusal(403, "Forbidden", "pods are forbidden: violates PodSecurity baseline:latest");
  };
  const auto says_why = [](World& world) {
    const ObjectPtr found = world.server.find("localregistries", kRegistry);
    return found && found->text.find("PodSecurityDefault") != std::string::npos;
  };
  const auto look = [says_why](World& world) {
    if (says_why(world)) return;
    world.run_for(2 * limits::kRequestTimeout);  // for an API server that does not answer a read
    if (says_why(world)) return;
    world.oracles.violated("the status does not say why there is no BuildKit");
  };
  Step forbid = {"BuildKit is forbidden", [refuse](World& world) { world.refuse = refuse; }};
  Step keep = {"images are pushed", keep_pods};
  Step expect = {"the refusal is remembered", look};
  forbid.is_bound = keep.is_bound = expect.is_bound = true;
  const bool persistent = spec.name == kPersistent.name;
  Step image = apply({"", R"({"persistence":{"enabled":true},"buildKitImage":"buildkit:1"})"});
  std::vector<Step> steps = {forbid, apply(spec), expect};
  if (persistent) {  // the images outlive their pod
    steps.insert(steps.end(), {image, expect});
  } else {
    steps.insert(steps.end(), {keep, apply({"", R"({"pushSecrets":[{"name":"x"}]})"}), expect});
  }
  steps.insert(steps.end(), {restart_all(), expect});
  return {fmt::format("lives/{} where BuildKit is forbidden", spec.name), std::move(steps), {}};
}

const std::vector<std::string>& children() {
  static const std::vector<std::string> kChildren = {"deployments", "statefulsets", "services",
                                                     "persistentvolumeclaims"};
  return kChildren;
}

// BuildKit crashes for the n-th time: the kubelet reports that it runs, that it has ended, and that
// it waits for a restart. From the second crash on, the operator has nothing new to report.
Step crash_buildkit(int number) {
  const auto crash = [number](World& world) {
    const std::string end =
        fmt::format(R"({{"terminated":{{"exitCode":1,"reason":"Error","message":"fatal: no user )"
                    R"(namespaces, try {}"}}}})",
                    number);
    const std::string wait = fmt::format(
        R"({{"waiting":{{"reason":"CrashLoopBackOff","message":"back-off {}0s"}}}})", number);
    world.set_buildkit_state(number - 1, R"({"running":{}})", end);
    world.run_for(5s);
    world.set_buildkit_state(number - 1, end, end);
    world.run_for(5s);
    world.set_buildkit_state(number, wait, end);
  };
  Step step = {fmt::format("crash {} of BuildKit", number), crash};
  step.must_change_nothing = number > 1;
  step.is_bound = true;
  return step;
}

// BuildKit fails and is ready again every three minutes, twelve times. The Service publishes a pod
// that is not ready, so its intent changes each time.
Step flapping_buildkit() {
  const auto flap = [](World& world) {
    for (int restarts = 1; restarts <= 12; ++restarts) {
      world.set_buildkit_state(restarts, R"({"waiting":{"reason":"CrashLoopBackOff"}})", "{}");
      world.run_for(90s);
      world.set_buildkit_ready(restarts);
      world.run_for(90s);
    }
  };
  Step step = {"BuildKit that fails again and again", flap};
  step.is_bound = true;
  return step;
}

// Deletes the Service, drops the event and breaks all watches, so that they must begin again with a
// list in which the Service is missing.
void remove_unseen(World& world) {
  world.remove("services", kChild);
  world.server.compact(world.server.revision());
  for (Replica* replica : world.replicas()) replica->link().cut_watches();
}

// Adds scenarios in which the clients of a registry cannot use it for a while.
void interrupt(const Spec& spec, const Step& gone, std::vector<Scenario>& list) {
  const Step create = apply(spec);
  list.push_back({fmt::format("lives/{} whose Service cannot come back", spec.name),
                  {create, let_through("refused", "services"),
                   removal("the Service goes", "services", kChild), let_through("allowed", "")},
                  {}});
  list.push_back({fmt::format("lives/{} whose Service goes unseen", spec.name),
                  {create, {"the Service goes, and no watch reports it", remove_unseen}},
                  {}});
  list.push_back({fmt::format("lives/{} whose BuildKit keeps crashing", spec.name),
                  {create, crash_buildkit(1), crash_buildkit(2), crash_buildkit(3), gone},
                  {}});
  Step note = {"its port is noted", [](World& world) { world.note_node_port(); }};
  Step expect = {"it has the same port", [](World& world) { world.expect_noted_node_port(); }};
  note.is_bound = expect.is_bound = true;
  const Spec off = with(spec, "nothing enabled", R"("enabled":false)");
  list.push_back({fmt::format("lives/{} disabled and enabled", spec.name),
                  {create, note, apply(off), create, expect},
                  {}});
}

// Adds scenarios with a retained PVC.
void retained_claims(std::vector<Scenario>& list) {
  const Step gone = removal("deleted", "localregistries", kRegistry);
  list.push_back({"lives/persistence retained and then not wanted",
                  {apply(kPersistent), gone,
                   apply({"deletion", R"({"persistence":{"whenDeleted":"Delete"}})"}), gone},
                  {}});
  const Spec elsewhere = with(kPersistent, "", R"("namespace":"shared")");
  list.push_back({"lives/persistence retained in a shared namespace",
                  {apply(elsewhere), gone,
                   patch("open to team-b", "namespaces", {"", "shared"},
                         R"({"metadata":{"annotations":{"localregistry.dev/allow-from":)"
                         R"("team-a,team-b"}}})"),
                   apply_as(elsewhere, "dev", "team-b")},
                  {}});
}

// Creates two resources that want the same name at the same time. The older one has the greater
// uid.
void apply_both(World& world, const std::string& spec) {
  world.apply_registry(spec);
  const auto uid_of = [&](const std::string& name) {
    const ObjectPtr found = world.server.find("localregistries", {"team-a", name});
    return found ? found->uid : "";
  };
  for (int tries = 0; tries < kTries; ++tries) {
    world.apply_registry(spec, "rival");
    if (uid_of("rival") < uid_of("dev")) return;
    world.remove("localregistries", {"team-a", "rival"});
  }
}

// Adds scenarios with resources and objects of other users.
void beside_others(const Spec& spec, const Step& gone, std::vector<Scenario>& list) {
  const Step create = apply(spec);
  list.push_back({fmt::format("lives/{} beside a rival", spec.name),
                  {create, apply_as(spec, "rival", "team-a"), gone},
                  {}});
  list.push_back({fmt::format("lives/{} beside a tenant who forges", spec.name),
                  {create, {"forged", forge}, apply({"", R"({"port":5001})"}), gone},
                  {}});
  list.push_back({fmt::format("lives/{} together with a rival", spec.name),
                  {{"both", [text = spec.text](World& world) { apply_both(world, text); }}, gone},
                  {}});
}

}  // namespace

std::vector<Scenario> spec_changes() {
  std::vector<Scenario> list;
  for (const Spec& from : specs()) {
    for (const Spec& to : specs()) {
      if (&from == &to) continue;
      list.push_back(
          {fmt::format("changes/{} to {}", from.name, to.name), {apply(from), apply(to)}, {}});
    }
  }
  return list;
}

std::vector<Scenario> corruptions() {
  std::vector<Scenario> list;
  for (const Spec& spec : {kDefault, kUntilDeleted}) {
    const bool persistent = &spec != &kDefault && spec.name != kDefault.name;
    const std::string workload = persistent ? "statefulsets" : "deployments";
    corrupt(spec, workload, of_metadata(), list);
    corrupt(spec, workload, of_workload(), list);
    corrupt(spec, "services", of_metadata(), list);
    corrupt(spec, "services", of_service(), list);
    if (persistent) corrupt(spec, "persistentvolumeclaims", of_metadata(), list);
    for (const std::string& plural : children()) {
      if (!persistent && (plural == "statefulsets" || plural == "persistentvolumeclaims")) continue;
      if (persistent && plural == "deployments") continue;
      list.push_back({fmt::format("corruptions/{} deleted with {}", plural, spec.name),
                      {apply(spec), removal("deleted", plural, kChild)},
                      {}});
    }
  }
  list.push_back(
      {"corruptions/the strategy changed",
       {apply(kDefault), patch("rolling", "deployments", kChild,
                               R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":)"
                               R"({"maxSurge":1,"maxUnavailable":0}}}})")},
       {}});
  return list;
}

std::vector<Scenario> lives() {
  std::vector<Scenario> list;
  list.push_back({"lives/upgraded",
                  {apply(kDefault), upgrade(), apply({"", R"({"pushSecrets":[{"name":"x"}]})"})},
                  {}});
  for (const Spec& spec : {kDefault, kPersistent}) list.push_back(forbidden_buildkit(spec));
  retained_claims(list);
  for (const Spec& spec : {kDefault, kPersistent, kUntilDeleted}) {
    const Step create = apply(spec);
    const Step gone = removal("deleted", "localregistries", kRegistry);
    list.push_back({fmt::format("lives/{} deleted", spec.name), {create, gone}, {}});
    list.push_back(
        {fmt::format("lives/{} deleted and back", spec.name), {create, gone, create}, {}});
    list.push_back({fmt::format("lives/{} replaced", spec.name), {create, replace(spec)}, {}});
    list.push_back({fmt::format("lives/{} switched off and on", spec.name),
                    {create, apply({"off", R"({"persistence":{"whenDeleted":"Delete"}})"}), create},
                    {}});
    list.push_back({fmt::format("lives/{} restarted", spec.name), {create, restart_all()}, {}});
    interrupt(spec, gone, list);
    for (const std::string& plural : children()) {
      list.push_back({fmt::format("lives/{} where a foreign {} is", spec.name, plural),
                      {foreign(plural), create, removal("it goes", plural, kChild)},
                      {}});
      list.push_back({fmt::format("lives/{} while {} are refused", spec.name, plural),
                      {let_through("refused", plural), create, let_through("allowed", "")},
                      {}});
      list.push_back({fmt::format("lives/{} changed while {} are refused", spec.name, plural),
                      {create, let_through("refused", plural), apply({"", R"({"port":5001})"}),
                       let_through("allowed", "")},
                      {}});
    }
    list.push_back({fmt::format("lives/{} elsewhere deleted", spec.name),
                    {{"elsewhere", [elsewhere = with(spec, "", R"("namespace":"shared")").text](
                                       World& world) { world.apply_registry(elsewhere); }},
                     gone},
                    {}});
    beside_others(spec, gone, list);
    list.push_back({fmt::format("lives/{} in a namespace that is deleted", spec.name),
                    {create, removal("namespace", "namespaces", {"", "team-a"})},
                    {}});
    list.push_back({fmt::format("lives/{} whose node port is taken", spec.name),
                    {create,
                     {"taken",
                      [](World& world) {
                        const auto service = world.server.find("services", kChild);
                        if (!service) return;  // the operator has converged, so there is one
                        const auto at = service->text.find("\"nodePort\":");
                        const std::string port = service->text.substr(at + 11, 5);
                        world.remove("services", kChild);
                        world.create(
                            "services", "team-b",
                            fmt::format(R"({{"apiVersion":"v1","kind":"Service","metadata":{{)"
                                        R"("name":"thief","namespace":"team-b"}},"spec":{{"type":)"
                                        R"("NodePort","ports":[{{"port":80,"nodePort":{}}}]}}}})",
                                        port));
                      }}},
                    {}});
  }
  return list;
}

std::vector<Scenario> contests() {
  std::vector<Scenario> list;
  const Spec asking = {"asking", R"({"resources":{"requests":{"cpu":"50m"}}})"};
  for (const Policy& policy : policies()) {
    const bool set = policy.plural == "statefulsets";
    const Spec& spec = set ? kPersistent : asking;
    const bool is_owned = policy.name != "a field of nobody";
    std::vector<Step> steps = {begin_policy(policy), apply(spec)};
    if (is_owned) steps.push_back(expect_contest());
    steps.push_back(end_contests());
    list.push_back({fmt::format("contests/{} from the start", policy.name), steps, {}});
    if (!is_owned) continue;
    list.push_back({fmt::format("contests/{} after a while", policy.name),
                    {apply(spec), begin_policy(policy), removal("deleted", policy.plural, kChild),
                     expect_contest(), restart_all(),
                     apply({"another port", set ? R"({"persistence":{"enabled":true},"port":5001})"
                                                : R"({"resources":{"requests":{"cpu":"50m"}},)"
                                                  R"("port":5001})"}),
                     expect_contest(), end_contests()},
                    {}});
  }
  const Spec elsewhere = {"another port",
                          R"({"resources":{"requests":{"cpu":"50m"}},"port":5001})"};
  list.push_back({"contests/images during an upgrade",
                  {begin_policy(policies().front()), apply(asking), expect_contest(),
                   upgrade(Record::kOfPod), expect_contest(), apply(elsewhere), end_contests()},
                  {}});
  // Nothing shows what the policy changed and what the user chose. So the pod stays, and the
  // template with the policy's changes becomes the intent.
  list.push_back({"contests/images without a record during an upgrade",
                  {begin_policy(policies().front()), apply(asking), expect_contest(),
                   upgrade(Record::kNone), restart_all(), apply(elsewhere), end_contests()},
                  {}});
  const auto of_ports = std::find_if(policies().begin(), policies().end(),
                                     [](const Policy& policy) { return policy.name == "ports"; });
  list.push_back({"contests/ports while BuildKit fails again and again",
                  {apply(kDefault), begin_policy(*of_ports), flapping_buildkit(), expect_contest(),
                   end_contests()},
                  {}});
  for (const auto& [name, over] : {std::pair("contests/replicas", World::Fight::kReplicas),
                                   std::pair("contests/ports", World::Fight::kPorts)}) {
    list.push_back({name,
                    {apply(kDefault), begin_fight(over), expect_contest(), restart_all(),
                     expect_contest(), end_contests()},
                    {}});
  }
  return list;
}

std::vector<Scenario> corrections() {
  std::vector<Scenario> list;
  for (const Spec& spec : {kDefault, kPersistent}) {
    for (const Spec& mistake : mistakes()) {
      const Spec wrong = with(spec, mistake.name, mistake.text);
      list.push_back({fmt::format("corrections/{} corrected", wrong.name),
                      {apply(spec), apply(wrong), apply(spec)},
                      {}});
      list.push_back({fmt::format("corrections/{} from the beginning", wrong.name),
                      {apply(wrong), apply(spec)},
                      {}});
      list.push_back({fmt::format("corrections/{} deleted", wrong.name),
                      {apply(wrong), removal("deleted", "localregistries", kRegistry)},
                      {}});
    }
  }
  return list;
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all = lives();
  for (Scenario& scenario : contests()) all.push_back(std::move(scenario));
  for (Scenario& scenario : hostilities()) all.push_back(std::move(scenario));
  for (Scenario& scenario : webhooks()) all.push_back(std::move(scenario));
  for (Scenario& scenario : corrections()) all.push_back(std::move(scenario));
  for (Scenario& scenario : corruptions()) all.push_back(std::move(scenario));
  for (Scenario& scenario : spec_changes()) all.push_back(std::move(scenario));
  return all;
}

Scenario random_scenario(Chance& chance) {
  static const std::vector<Scenario> kMaterial = scenarios();
  Scenario scenario;
  scenario.name = "random";
  const std::size_t count = 2 + chance.below(6);
  for (std::size_t i = 0; i < count; ++i) {
    const Scenario& from = kMaterial[chance.below(kMaterial.size())];
    const Step& step = from.steps[chance.below(from.steps.size())];
    if (!step.is_bound) scenario.steps.push_back(step);
  }
  // A refusal that lasts would keep the run from converging at its end.
  scenario.steps.push_back(let_through("allowed", ""));
  return scenario;
}

}  // namespace sim
