#include "sim/controllers.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "api/local_registry.h"
#include "sim/read.h"

namespace sim {
namespace {

// The types that have an owner or live in a namespace.
constexpr std::string_view kOwned[] = {"pods", "deployments", "statefulsets", "services",
                                       "persistentvolumeclaims"};
constexpr std::string_view kClaimProtection = "kubernetes.io/pvc-protection";

// Of a workload's pods.
struct Template {
  std::string text;  // JSON
  std::string hash;
};

const Template& template_of(const ObjectPtr& workload) {
  return workload->remembered.get<Template>([&] {
    const auto document = json::Document::parse(workload->text);
    Template result;
    result.text = json::canonical(*document->root().find("spec")->find("template"));
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char character : result.text) {
      hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211ULL;
    }
    result.hash = fmt::format("{:016x}", hash);
    return result;
  });
}

bool is_ready(const api::PodStatus& status) {
  const api::Condition* ready = api::find_condition(status.conditions, "Ready");
  return ready != nullptr && ready->status == "True";
}

constexpr std::string_view kHashLabel = "pod-template-hash";
// The real one counts the roll-outs in it.
constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";

}  // namespace

std::string path_of(std::string_view plural, const api::ObjectKey& key) {
  static const std::map<std::string_view, std::string_view> kGroups = {
      {"localregistries", "apis/localregistry.dev/v1alpha1"},
      {"deployments", "apis/apps/v1"},
      {"statefulsets", "apis/apps/v1"},
      {"leases", "apis/coordination.k8s.io/v1"},
      {"events", "apis/events.k8s.io/v1"}};
  const auto group = kGroups.find(plural);
  std::string path =
      fmt::format("/{}", group == kGroups.end() ? std::string_view("api/v1") : group->second);
  if (!key.namespace_name.empty()) path += fmt::format("/namespaces/{}", key.namespace_name);
  path += fmt::format("/{}", plural);
  if (!key.name.empty()) path += fmt::format("/{}", key.name);
  return path;
}

void Controllers::remove(const ObjectPtr& object, std::string_view who, bool at_once) {
  kube::Request request;
  request.method = kube::Method::kDelete;
  request.target = path_of(object->plural, object->key);
  request.content_type = "application/json";
  request.body =
      fmt::format(R"({{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{{"uid":"{}"}},)"
                  R"("propagationPolicy":"Background"{}}})",
                  object->uid, at_once ? R"(,"gracePeriodSeconds":0)" : "");
  server_.handle(request, who);
}

void Controllers::patch(const ObjectPtr& object, std::string_view subresource, std::string body,
                        std::string_view who) {
  kube::Request request;
  request.method = kube::Method::kPatch;
  request.target = path_of(object->plural, object->key);
  if (!subresource.empty()) request.target += fmt::format("/{}", subresource);
  request.content_type = "application/merge-patch+json";
  request.body = std::move(body);
  server_.handle(request, who);
}

bool Controllers::step() {
  due_.clear();
  run_deployments();
  run_stateful_sets();
  run_pods();
  run_claims();
  if (collects_garbage) collect_garbage();
  end_namespaces();
  if (due_.empty()) return false;
  const auto work = due_[chance_.below(due_.size())];
  work();
  due_.clear();
  return true;
}

template <class T>
void Controllers::write_status(const ObjectPtr& object, const T& workload, int pods, int current,
                               int ready) {
  const api::WorkloadStatus& is = workload.status;
  const api::Condition* available = api::find_condition(is.conditions, "Available");
  const bool is_deployment = object->plural == "deployments";
  const std::string wanted = ready > 0 ? "True" : "False";
  if (is.observed_generation == workload.metadata.generation && is.replicas == pods &&
      is.updated_replicas == current && is.ready_replicas == ready &&
      is.available_replicas == ready &&
      (!is_deployment || (available != nullptr && available->status == wanted))) {
    return;
  }
  std::string conditions;
  if (is_deployment) {
    conditions = fmt::format(
        R"(,"conditions":[{{"type":"Available","status":"{}","reason":"{}","message":""}},)"
        R"({{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable",)"
        R"("message":""}}])",
        wanted, ready > 0 ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable");
  }
  std::string body =
      fmt::format(R"({{"status":{{"observedGeneration":{},"replicas":{},"updatedReplicas":{},)"
                  R"("readyReplicas":{},"availableReplicas":{}{}}}}})",
                  workload.metadata.generation, pods, current, ready, ready, conditions);
  due([this, object, body = std::move(body)] {
    patch(object, "status", body, "system:workload-controller");
  });
}

// Pods of the template as it is now; those of an earlier one go, before or after.
template <class T>
void Controllers::run_workload(const ObjectPtr& object, bool old_pods_first,
                               const std::string& pod_name) {
  const T& workload = read<T>(object);
  if (workload.metadata.deletion_timestamp) return;
  const auto& [pod_template, hash] = template_of(object);
  int pods = 0;
  int current = 0;
  int ready = 0;
  bool old = false;
  for (const ObjectPtr& owned : server_.owned_by(object->uid)) {
    if (owned->plural != "pods") continue;
    const auto& pod = read<Pod>(owned);
    ++pods;
    const bool is_current = api::lookup(pod.metadata.labels, kHashLabel) == hash &&
                            workload.spec.replicas.value_or(1) > 0;
    if (!is_current || pod.metadata.deletion_timestamp) {
      old = true;
      if (!pod.metadata.deletion_timestamp) {
        due([this, owned] { remove(owned, "system:workload-controller"); });
      }
      continue;
    }
    ++current;
    if (is_ready(pod.status)) ++ready;
  }
  write_status(object, workload, pods, current, ready);
  if (current > 0 || (old && old_pods_first) || workload.spec.replicas.value_or(1) == 0) return;
  due([this, object, pod_template, hash, pod_name] {
    // The template's metadata and spec, with a name, an owner and the hash.
    api::StringMap labels =
        json::decode<AnyObject>(json::Document::parse(pod_template)->root())->metadata.labels;
    labels[std::string(kHashLabel)] = hash;
    const auto document = json::Document::parse(pod_template);
    kube::Request request;
    request.method = kube::Method::kPost;
    request.target = path_of("pods", {object->key.namespace_name, ""});
    request.content_type = "application/json";
    request.body = fmt::format(
        R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{}","namespace":"{}","labels":{},)"
        R"("annotations":{},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"{}","name":"{}",)"
        R"("uid":"{}","controller":true,"blockOwnerDeletion":true}}]}},"spec":{}}})",
        pod_name.empty() ? fmt::format("{}-{}", object->key.name, hash.substr(0, 8)) : pod_name,
        object->key.namespace_name, json::encode(labels),
        json::encode(json::decode<AnyObject>(document->root())->metadata.annotations),
        object->plural == "deployments" ? "Deployment" : "StatefulSet", object->key.name,
        object->uid, json::canonical(*document->root().find("spec")));
    server_.handle(request, "system:workload-controller");
  });
}

void Controllers::run_deployments() {
  for (const ObjectPtr& object : server_.all("deployments")) {
    const auto& deployment = read<api::Deployment>(object);
    if (api::lookup(deployment.metadata.annotations, kRevision) != "1") {
      due([this, object] {
        patch(object, "",
              fmt::format(R"({{"metadata":{{"annotations":{{"{}":"1"}}}}}})", kRevision),
              "system:workload-controller");
      });
    }
    run_workload<api::Deployment>(object, deployment.spec.strategy.type == "Recreate", "");
  }
}

void Controllers::run_stateful_sets() {
  for (const ObjectPtr& object : server_.all("statefulsets")) {
    run_workload<api::StatefulSet>(object, true, object->key.name + "-0");
  }
}

void Controllers::run_pods() {
  for (const ObjectPtr& object : server_.all("pods")) {
    const auto& pod = read<Pod>(object);
    if (pod.metadata.deletion_timestamp) {
      due([this, object] { remove(object, "system:kubelet", true); });
      continue;
    }
    if (is_ready(pod.status) || !pods_become_ready) continue;
    const bool mounted = std::all_of(
        pod.spec.volumes.begin(), pod.spec.volumes.end(), [&](const api::Volume& volume) {
          if (!volume.persistent_volume_claim) return true;
          const ObjectPtr claim = server_.find(
              "persistentvolumeclaims",
              {object->key.namespace_name, volume.persistent_volume_claim->claim_name});
          return claim && read<api::PersistentVolumeClaim>(claim).status.phase == "Bound";
        });
    if (!mounted) continue;
    due([this, object] {
      patch(object, "status",
            R"({"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}})",
            "system:kubelet");
    });
  }
}

void Controllers::run_claims() {
  std::set<api::ObjectKey> used;
  for (const ObjectPtr& object : server_.all("pods")) {
    for (const api::Volume& volume : read<Pod>(object).spec.volumes) {
      if (!volume.persistent_volume_claim) continue;
      used.insert({object->key.namespace_name, volume.persistent_volume_claim->claim_name});
    }
  }
  for (const ObjectPtr& object : server_.all("persistentvolumeclaims")) {
    const auto& claim = read<api::PersistentVolumeClaim>(object);
    if (claim.metadata.deletion_timestamp) {
      std::vector<std::string> finalizers = claim.metadata.finalizers;
      const auto removed = std::erase(finalizers, std::string(kClaimProtection));
      if (removed == 0 || used.contains(object->key)) continue;
      std::string body =
          fmt::format(R"({{"metadata":{{"finalizers":{}}}}})", json::encode(finalizers));
      due([this, object, body = std::move(body)] {
        patch(object, "", body, "system:pvc-protection-controller");
      });
      continue;
    }
    if (!claims_are_bound) continue;
    const auto wanted = claim.spec.resources.requests.find("storage");
    const auto has = claim.status.capacity.find("storage");
    if (wanted == claim.spec.resources.requests.end()) continue;
    if (claim.status.phase == "Bound" && has != claim.status.capacity.end() &&
        has->second == wanted->second) {
      continue;
    }
    std::string body =
        fmt::format(R"({{"status":{{"phase":"Bound","accessModes":["ReadWriteOnce"],)"
                    R"("capacity":{{"storage":"{}"}}}}}})",
                    wanted->second.text);
    due([this, object, body = std::move(body)] {
      patch(object, "status", body, "system:persistent-volume-binder");
    });
  }
}

// What has owners, none of which is there any more.
void Controllers::collect_garbage() {
  std::set<std::string> alive;
  for (const std::string_view plural : {"localregistries", "deployments", "statefulsets"}) {
    for (const ObjectPtr& object : server_.all(plural)) alive.insert(object->uid);
  }
  for (const std::string_view plural : kOwned) {
    for (const ObjectPtr& object : server_.all(plural)) {
      const auto& meta = read<AnyObject>(object).metadata;
      if (meta.owner_references.empty() || meta.deletion_timestamp) continue;
      const bool wanted =
          std::any_of(meta.owner_references.begin(), meta.owner_references.end(),
                      [&](const api::OwnerReference& owner) { return alive.contains(owner.uid); });
      if (!wanted) due([this, object] { remove(object, "system:garbage-collector"); });
    }
  }
}

void Controllers::end_namespaces() {
  for (const ObjectPtr& object : server_.all("namespaces")) {
    if (!read<AnyObject>(object).metadata.deletion_timestamp) continue;
    bool empty = true;
    const auto sweep = [&](std::string_view plural) {
      for (const ObjectPtr& held : server_.all(plural)) {
        if (held->key.namespace_name != object->key.name) continue;
        empty = false;
        if (read<AnyObject>(held).metadata.deletion_timestamp) continue;
        due([this, held] { remove(held, "system:namespace-controller"); });
      }
    };
    sweep("localregistries");
    for (const std::string_view plural : kOwned) sweep(plural);
    sweep("events");
    if (!empty) continue;
    due([this, object] {
      kube::Request request;
      request.method = kube::Method::kPut;
      request.target = path_of("namespaces", object->key) + "/finalize";
      request.content_type = "application/json";
      request.body = fmt::format(
          R"({{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{}","uid":"{}"}},)"
          R"("spec":{{"finalizers":[]}}}})",
          object->key.name, object->uid);
      server_.handle(request, "system:namespace-controller");
    });
  }
}

}  // namespace sim
