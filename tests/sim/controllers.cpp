#include "sim/controllers.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "api/local_registry.h"

namespace sim {
namespace {

constexpr std::string_view kHashLabel = "pod-template-hash";
constexpr std::size_t kHashLength = 10;

constexpr std::string_view kUser = "system:workload-controller";

// Returns the kind of a workload.
std::string kind_of(const ObjectPtr& object) {
  if (object->plural == "deployments") return "Deployment";
  return object->plural == "replicasets" ? "ReplicaSet" : "StatefulSet";
}

std::string hash_of(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char character : text) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211ULL;
  }
  return fmt::format("{:016x}", hash).substr(0, kHashLength);
}

}  // namespace

const PodTemplate& template_of(const ObjectPtr& workload) {
  return workload->remembered.get<PodTemplate>([&] {
    Document object;
    object.Parse(workload->text.data(), workload->text.size());
    Value& found = *find(object, {"spec", "template"});
    PodTemplate result;
    if (Value* labels = find(found, {"metadata", "labels"})) {
      sim::remove(*labels, kHashLabel);
      for (auto one = labels->MemberBegin(); one != labels->MemberEnd(); ++one) {
        result.labels[std::string(as_text(one->name))] = as_text(one->value);
      }
    }
    result.text = write_sorted(found);
    result.hash = hash_of(result.text);
    return result;
  });
}

bool has_labels(const api::ObjectMeta& meta, const api::StringMap& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
    const auto found = meta.labels.find(label.first);
    return found != meta.labels.end() && found->second == label.second;
  });
}

const api::OwnerReference* controller_of(const api::ObjectMeta& meta) {
  const auto found =
      std::find_if(meta.owner_references.begin(), meta.owner_references.end(),
                   [](const api::OwnerReference& owner) { return owner.controller == true; });
  return found == meta.owner_references.end() ? nullptr : &*found;
}

std::string message_of(const kube::Response& answer) {
  Document status;
  status.Parse(answer.body.c_str());
  return std::string(as_text(*find(status, "message")));
}

bool is_ready(const Pod& pod) {
  const api::Condition* ready = api::find_condition(pod.status.conditions, "Ready");
  return ready != nullptr && ready->status == "True";
}

bool is_finished(const Pod& pod) {
  return pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
}

bool is_active(const Pod& pod) { return !is_finished(pod) && !pod.metadata.deletion_timestamp; }

std::string path_of(std::string_view plural, const api::ObjectKey& key) {
  static const std::map<std::string_view, std::string_view> kGroups = {
      {"localregistries", "apis/localregistry.dev/v1alpha1"},
      {"deployments", "apis/apps/v1"},
      {"replicasets", "apis/apps/v1"},
      {"statefulsets", "apis/apps/v1"},
      {"leases", "apis/coordination.k8s.io/v1"},
      {"events", "apis/events.k8s.io/v1"},
  };
  const auto group = kGroups.find(plural);
  std::string path =
      fmt::format("/{}", group == kGroups.end() ? std::string_view("api/v1") : group->second);
  if (!key.namespace_name.empty()) path += fmt::format("/namespaces/{}", key.namespace_name);
  path += fmt::format("/{}", plural);
  if (!key.name.empty()) path += fmt::format("/{}", key.name);
  return path;
}

void Controllers::remove(const ObjectPtr& object, std::string_view user,
                         std::string_view propagation) {
  kube::Request request;
  request.method = kube::Method::kDelete;
  request.target = path_of(object->plural, object->key);
  request.content_type = "application/json";
  request.body = fmt::format(
      R"({{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{{"uid":"{}"}}{}}})",
      object->uid,
      propagation.empty() ? "" : fmt::format(R"(,"propagationPolicy":"{}")", propagation));
  server_.handle(request, user);
}

void Controllers::patch(const ObjectPtr& object, std::string_view subresource, std::string body,
                        std::string_view user) {
  kube::Request request;
  request.method = kube::Method::kPatch;
  request.target = path_of(object->plural, object->key);
  if (!subresource.empty()) request.target += fmt::format("/{}", subresource);
  request.content_type = "application/merge-patch+json";
  request.body = std::move(body);
  server_.handle(request, user);
}

void Controllers::patch_owners(const ObjectPtr& object,
                               const std::vector<api::OwnerReference>& owners,
                               std::string_view user) {
  api::ObjectMeta meta;
  meta.uid = object->uid;
  meta.owner_references = owners;
  const std::string body = owners.empty()
                               ? fmt::format(R"({{"uid":"{}","ownerReferences":null}})", meta.uid)
                               : json::encode(meta);
  patch(object, "", fmt::format(R"({{"metadata":{}}})", body), user);
}

void Controllers::patch_finalizers(const ObjectPtr& object,
                                   const std::vector<std::string>& finalizers,
                                   std::string_view user) {
  patch(object, "",
        fmt::format(R"({{"metadata":{{"uid":"{}","finalizers":{}}}}})", object->uid,
                    json::encode(finalizers)),
        user);
}

bool Controllers::is_ending(const std::string& space) const {
  const ObjectPtr found = server_.find("namespaces", {"", space});
  return !found || read<AnyObject>(found).metadata.deletion_timestamp.has_value();
}

bool Controllers::step() {
  due_.clear();
  for (const ObjectPtr& object : server_.all("deployments")) run_deployment(object);
  for (const ObjectPtr& object : server_.all("replicasets")) run_replica_set(object);
  for (const ObjectPtr& object : server_.all("statefulsets")) run_stateful_set(object);
  if (has_node) run_pods();
  run_claims();
  collect_garbage();
  end_namespaces();
  if (due_.empty()) return false;
  const auto work = due_[chance_.below(due_.size())];
  work();
  due_.clear();
  return true;
}

std::optional<std::vector<ObjectPtr>> Controllers::claim(
    const ObjectPtr& controller, std::string_view plural,
    const std::function<bool(const ObjectPtr&)>& may_claim) {
  const auto& workload = read<Workload>(controller);
  const bool deleting = workload.metadata.deletion_timestamp.has_value();
  std::vector<ObjectPtr> claimed;
  std::vector<std::pair<ObjectPtr, std::vector<api::OwnerReference>>> changes;
  for (const ObjectPtr& object : server_.all(plural)) {
    if (object->key.namespace_name != controller->key.namespace_name) continue;
    // A ReplicaSet ignores pods that are being deleted or have finished.
    const bool is_set = controller->plural == "statefulsets";
    if (plural == "pods" && !is_set && !is_active(read<Pod>(object))) continue;
    const auto& meta = read<AnyObject>(object).metadata;
    const bool matches =
        has_labels(meta, workload.spec.selector.match_labels) && (!may_claim || may_claim(object));
    std::vector<api::OwnerReference> owners = meta.owner_references;
    if (const api::OwnerReference* owner = controller_of(meta)) {
      if (owner->uid != controller->uid) continue;
      if (matches) {
        claimed.push_back(object);
      } else if (!deleting) {
        std::erase_if(owners, [&](const auto& one) { return one.uid == controller->uid; });
        changes.emplace_back(object, std::move(owners));
      }
      continue;
    }
    const bool finished = plural == "pods" && is_finished(read<Pod>(object));
    if (deleting || !matches || meta.deletion_timestamp || finished) continue;
    owners.push_back(
        {"apps/v1", kind_of(controller), controller->key.name, controller->uid, true, true});
    changes.emplace_back(object, std::move(owners));
  }
  if (changes.empty()) return claimed;
  due([this, changes = std::move(changes)] {
    for (const auto& [object, owners] : changes) patch_owners(object, owners, kUser);
  });
  return std::nullopt;
}

kube::Response Controllers::create_pod(const ObjectPtr& owner, const std::string& name,
                                       const api::StringMap& labels) {
  Document pod;
  pod.Parse(template_of(owner).text.c_str());
  Allocator& allocator = pod.GetAllocator();
  set_text(pod, "apiVersion", "v1", allocator);
  set_text(pod, "kind", "Pod", allocator);
  Value& meta = need_object(pod, "metadata", allocator);
  set_text(meta, "name", name, allocator);
  Value& pod_labels = need_object(meta, "labels", allocator);
  for (const auto& [key, value] : labels) set_text(pod_labels, key, value, allocator);
  api::ObjectMeta with_owner;
  with_owner.owner_references = {{"apps/v1",
                                  owner->plural == "replicasets" ? "ReplicaSet" : "StatefulSet",
                                  owner->key.name, owner->uid, true, true}};
  Document owners;
  owners.Parse(json::encode(with_owner).c_str());
  set(meta, "ownerReferences", make_copy(owners["ownerReferences"], allocator), allocator);
  if (owner->plural == "statefulsets") {
    set_text(pod["spec"], "hostname", name, allocator);
    set_text(pod["spec"], "subdomain", read<Workload>(owner).spec.service_name, allocator);
  }
  kube::Request request;
  request.method = kube::Method::kPost;
  request.target = path_of("pods", {owner->key.namespace_name, ""});
  request.content_type = "application/json";
  request.body = write(pod);
  return server_.handle(request, kUser);
}

void Controllers::run_pods() {
  const auto is_mounted = [&](const ObjectPtr& object) {
    const auto& volumes = read<Pod>(object).spec.volumes;
    return std::all_of(volumes.begin(), volumes.end(), [&](const api::Volume& volume) {
      if (!volume.persistent_volume_claim) return true;
      const ObjectPtr found =
          server_.find("persistentvolumeclaims",
                       {object->key.namespace_name, volume.persistent_volume_claim->claim_name});
      if (!found) return false;
      const auto& claim = read<api::PersistentVolumeClaim>(found);
      return claim.status.phase == "Bound" && !claim.metadata.deletion_timestamp;
    });
  };
  for (const ObjectPtr& object : server_.all("pods")) {
    const auto request = next_request(read<Pod>(object), is_mounted(object));
    if (request) due([this, request] { server_.handle(*request, "system:kubelet"); });
  }
  for (const ObjectPtr& object : server_.all("persistentvolumeclaims")) {
    const auto request = next_request(read<api::PersistentVolumeClaim>(object));
    if (request) due([this, request] { server_.handle(*request, "system:volume-binder"); });
  }
}

}  // namespace sim
