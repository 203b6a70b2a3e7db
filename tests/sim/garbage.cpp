// This file simulates the garbage collector, the protection of PersistentVolumeClaims, and the
// deletion of namespaces. Source: pkg/controller/garbagecollector, volume/pvcprotection and
// namespace of Kubernetes 1.34.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/controllers.h"

namespace sim {
namespace {

// The types that can have an owner, own other objects or live in a namespace.
constexpr std::string_view kCollected[] = {
    "localregistries", "deployments", "replicasets",           "statefulsets", "pods",
    "services",        "secrets",     "persistentvolumeclaims"};
constexpr std::string_view kClaimProtection = "kubernetes.io/pvc-protection";
constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kCollector = "system:garbage-collector";

const api::ObjectMeta& meta_of(const ObjectPtr& object) { return read<AnyObject>(object).metadata; }

bool has_finalizer(const api::ObjectMeta& meta, std::string_view name) {
  return std::find(meta.finalizers.begin(), meta.finalizers.end(), name) != meta.finalizers.end();
}

bool deletes_dependents(const api::ObjectMeta& meta) {
  return meta.deletion_timestamp && has_finalizer(meta, kForeground);
}

std::vector<std::string> without(std::vector<std::string> finalizers, std::string_view name) {
  std::erase(finalizers, std::string(name));
  return finalizers;
}

// Returns the plural of a kind; empty if the simulated API server does not know the kind.
std::string_view plural_of_kind(std::string_view kind) {
  static const std::map<std::string_view, std::string_view> kPlurals = {
      {"LocalRegistry", "localregistries"},
      {"Deployment", "deployments"},
      {"ReplicaSet", "replicasets"},
      {"StatefulSet", "statefulsets"},
      {"Pod", "pods"},
      {"Service", "services"},
      {"Secret", "secrets"},
      {"PersistentVolumeClaim", "persistentvolumeclaims"}};
  const auto found = kPlurals.find(kind);
  return found == kPlurals.end() ? std::string_view() : found->second;
}

}  // namespace

void Controllers::run_claims() {
  std::set<api::ObjectKey> used;
  for (const ObjectPtr& object : server_.all("pods")) {
    const auto& pod = read<Pod>(object);
    if (pod.spec.node_name.empty()) continue;
    for (const api::Volume& volume : pod.spec.volumes) {
      if (!volume.persistent_volume_claim) continue;
      used.insert({object->key.namespace_name, volume.persistent_volume_claim->claim_name});
    }
  }
  for (const ObjectPtr& object : server_.all("persistentvolumeclaims")) {
    const api::ObjectMeta& meta = meta_of(object);
    const bool is_protected = has_finalizer(meta, kClaimProtection);
    std::vector<std::string> finalizers = meta.finalizers;
    if (meta.deletion_timestamp) {
      if (!is_protected || used.contains(object->key)) continue;
      finalizers = without(std::move(finalizers), kClaimProtection);
    } else {
      if (is_protected) continue;
      finalizers.emplace_back(kClaimProtection);
    }
    due([this, object, finalizers] {
      patch_finalizers(object, finalizers, "system:pvc-protection-controller");
    });
  }
}

void Controllers::collect_garbage() {
  std::set<std::string> waiting;  // uids of owners
  std::vector<ObjectPtr> owned;
  for (const std::string_view plural : kCollected) {
    for (const ObjectPtr& object : server_.all(plural)) {
      const api::ObjectMeta& meta = meta_of(object);
      if (meta.deletion_timestamp && has_finalizer(meta, kOrphan)) {
        orphan_dependents(object);
      } else if (deletes_dependents(meta)) {
        waiting.insert(object->uid);
        delete_dependents_first(object);
      } else if (!meta.deletion_timestamp && !meta.owner_references.empty()) {
        owned.push_back(object);
      }
    }
  }
  std::erase_if(waiting_, [&](const auto& one) { return !waiting.contains(one.first); });
  for (const ObjectPtr& object : owned) collect(object);
}

void Controllers::orphan_dependents(const ObjectPtr& object) {
  bool last = true;
  for (const ObjectPtr& dependent : server_.owned_by(object->uid)) {
    if (dependent->key.namespace_name != object->key.namespace_name) continue;
    last = false;
    std::vector<api::OwnerReference> others = meta_of(dependent).owner_references;
    std::erase_if(others, [&](const auto& one) { return one.uid == object->uid; });
    due([this, dependent, others] { patch_owners(dependent, others, kCollector); });
  }
  if (!last) return;
  due([this, object] {
    patch_finalizers(object, without(meta_of(object).finalizers, kOrphan), kCollector);
  });
}

// The dependents are looked at when the owner begins to wait, and before the owner itself. The
// owner is looked at again only after a dependent is gone or blocks it no longer. So a dependent
// that is created meanwhile, and does not block it, stays until the owner is gone.
void Controllers::delete_dependents_first(const ObjectPtr& object) {
  std::vector<ObjectPtr> dependents = server_.owned_by(object->uid);
  std::erase_if(dependents, [&](const ObjectPtr& one) {
    return one->key.namespace_name != object->key.namespace_name;
  });
  std::map<std::string, bool> blocking;
  for (const ObjectPtr& dependent : dependents) {
    const auto& owners = meta_of(dependent).owner_references;
    blocking[dependent->uid] = std::any_of(owners.begin(), owners.end(), [&](const auto& owner) {
      return owner.uid == object->uid && owner.block_owner_deletion == true;
    });
  }
  const auto known = waiting_.find(object->uid);
  const bool begins = known == waiting_.end();
  const auto is_released = [&](const auto& one) {
    const auto found = blocking.find(one.first);
    return found == blocking.end() || (one.second && !found->second);
  };
  if (begins || std::any_of(known->second.begin(), known->second.end(), is_released)) {
    for (const auto& [uid, blocks] : blocking) {
      if (begins || blocks) to_collect_.insert(uid);
    }
    waiting_[object->uid] = blocking;
  }
  const bool waits =
      std::any_of(dependents.begin(), dependents.end(), [&](const ObjectPtr& dependent) {
        return blocking[dependent->uid] ||
               (to_collect_.contains(dependent->uid) && !meta_of(dependent).deletion_timestamp);
      });
  if (waits) return;  // collect() deletes them
  due([this, object] {
    patch_finalizers(object, without(meta_of(object).finalizers, kForeground), kCollector);
  });
}

// True if the namespace has no such owner. An owner of an unknown kind counts as present.
bool Controllers::is_dangling(const api::OwnerReference& owner, const std::string& space) const {
  const std::string_view plural = plural_of_kind(owner.kind);
  if (plural.empty()) return false;
  const ObjectPtr found = server_.find(plural, {space, owner.name});
  return !found || found->uid != owner.uid;
}

// Deletes an object without a remaining owner. Otherwise it removes the references to owners that
// are gone or that wait for the deletion of their dependents.
void Controllers::collect(const ObjectPtr& object) {
  const api::ObjectMeta& meta = meta_of(object);
  std::vector<api::OwnerReference> solid;
  bool waited_for = false;  // an owner waits for the deletion of its dependents
  bool is_looked_at = to_collect_.contains(object->uid);
  for (const api::OwnerReference& owner : meta.owner_references) {
    if (is_dangling(owner, object->key.namespace_name)) {
      is_looked_at = true;
      continue;
    }
    const std::string_view plural = plural_of_kind(owner.kind);
    const ObjectPtr found =
        plural.empty() ? nullptr : server_.find(plural, {object->key.namespace_name, owner.name});
    if (found && deletes_dependents(meta_of(found))) {
      waited_for = true;
    } else {
      solid.push_back(owner);
    }
  }
  if (!is_looked_at) return;
  if (!solid.empty()) {
    if (solid.size() == meta.owner_references.size()) {
      to_collect_.erase(object->uid);
      return;
    }
    due([this, object, solid] {
      to_collect_.erase(object->uid);
      patch_owners(object, solid, kCollector);
    });
    return;
  }
  const bool has_dependents = !server_.owned_by(object->uid).empty();
  const std::string_view propagation = waited_for && has_dependents       ? "Foreground"
                                       : has_finalizer(meta, kOrphan)     ? "Orphan"
                                       : has_finalizer(meta, kForeground) ? "Foreground"
                                                                          : "Background";
  due([this, object, propagation] {
    to_collect_.erase(object->uid);
    remove(object, kCollector, propagation);
  });
}

// Deletes the objects of the namespace, pods first. Returns true if none is left.
bool Controllers::delete_content(const std::string& space) {
  bool empty = true;
  const auto sweep = [&](std::string_view plural) {
    for (const ObjectPtr& held : server_.all(plural)) {
      if (held->key.namespace_name != space) continue;
      empty = false;
      if (meta_of(held).deletion_timestamp) continue;
      due([this, held] { remove(held, "system:namespace-controller", "Background"); });
    }
  };
  sweep("pods");
  if (!empty) return false;
  for (const std::string_view plural : kCollected) sweep(plural);
  sweep("events");
  return empty;
}

void Controllers::end_namespaces() {
  for (const ObjectPtr& object : server_.all("namespaces")) {
    if (!meta_of(object).deletion_timestamp) continue;
    if (!delete_content(object->key.name)) continue;
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
