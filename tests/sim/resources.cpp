#include "sim/resources.h"

#include <initializer_list>
#include <vector>

namespace sim {
namespace {

FieldSet fields(std::initializer_list<std::initializer_list<const char*>> paths) {
  FieldSet set;
  for (const auto& path : paths) {
    FieldSet* here = &set;
    for (const char* name : path) {
      const std::string element = std::string("f:") + name;
      if (name == *(path.end() - 1)) {
        here->insert(element);
      } else {
        here = &here->descend(element);
      }
    }
  }
  return set;
}

// A namespaced type of version v1 without a status.
Resource plain(const char* group, const char* kind, const char* plural) {
  Resource resource;
  resource.group = group;
  resource.version = "v1";
  resource.kind = kind;
  resource.plural = plural;
  resource.schema = &schema_of(kind);
  return resource;
}

Resource with_status(Resource resource) {
  resource.has_status = true;
  resource.reset_by_main = fields({{"status"}});
  resource.reset_by_status = fields({{"spec"}});
  return resource;
}

Resource counting(Resource resource) {
  resource.counts_generations = true;
  return resource;
}

Resource global(Resource resource) {
  resource.namespaced = false;
  return resource;
}

Resource answering_deleted(Resource resource) {
  resource.answers_deleted = true;
  return resource;
}

Resource versioned(Resource resource) {
  resource.updates_unversioned = false;
  return resource;
}

Resource made_by_replacing(Resource resource) {
  resource.creates_by_replacing = true;
  return resource;
}

Resource local_registries() {
  Resource resource = versioned(
      counting(with_status(plain("localregistry.dev", "LocalRegistry", "localregistries"))));
  resource.version = "v1alpha1";
  resource.custom = true;
  resource.reset_by_status = fields({{"spec"}});
  return resource;
}

Resource deployments() {
  Resource resource = counting(with_status(plain("apps", "Deployment", "deployments")));
  resource.reset_by_status = fields({{"spec"}, {"metadata", "labels"}});
  return resource;
}

const std::vector<Resource>& all() {
  static const std::vector<Resource> resources = {
      local_registries(),
      deployments(),
      counting(with_status(plain("apps", "ReplicaSet", "replicasets"))),
      counting(with_status(plain("apps", "StatefulSet", "statefulsets"))),
      made_by_replacing(answering_deleted(with_status(plain("", "Service", "services")))),
      answering_deleted(with_status(plain("", "PersistentVolumeClaim", "persistentvolumeclaims"))),
      answering_deleted(counting(with_status(plain("", "Pod", "pods")))),
      answering_deleted(global(with_status(plain("", "Namespace", "namespaces")))),
      global(with_status(plain("", "Node", "nodes"))),
      plain("", "Secret", "secrets"),
      made_by_replacing(plain("events.k8s.io", "Event", "events")),
      made_by_replacing(versioned(plain("coordination.k8s.io", "Lease", "leases"))),
      versioned(
          counting(global(plain("admissionregistration.k8s.io", "MutatingWebhookConfiguration",
                                "mutatingwebhookconfigurations"))))};
  return resources;
}

}  // namespace

std::string Resource::api_version() const {
  return group.empty() ? version : group + "/" + version;
}

std::string Resource::qualified_plural() const {
  return group.empty() ? plural : plural + "." + group;
}

std::string Resource::qualified_kind() const { return group.empty() ? kind : kind + "." + group; }

const Resource* find_resource(std::string_view group, std::string_view version,
                              std::string_view plural) {
  const Resource* found = find_resource(plural);
  return found != nullptr && found->group == group && found->version == version ? found : nullptr;
}

const Resource* find_resource(std::string_view plural) {
  for (const Resource& resource : all()) {
    if (resource.plural == plural) return &resource;
  }
  return nullptr;
}

}  // namespace sim
