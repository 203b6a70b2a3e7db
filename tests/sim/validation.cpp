#include "sim/validation.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <utility>

#include "sim/typed.h"

namespace sim {
namespace {

constexpr std::string_view kImmutable = "field is immutable";

std::string shown(const Value* value) { return value == nullptr ? "null" : write_sorted(*value); }

std::string at(const std::string& path, std::size_t index) {
  return fmt::format("{}[{}]", path, index);
}

const Value& items(const Value& object, std::string_view name) {
  static const Value none(rapidjson::kArrayType);
  const Value* found = find(object, name);
  return found != nullptr && found->IsArray() ? *found : none;
}

bool is_label_of(const Value* labels, const Value* selector) {
  if (is_empty(selector)) return false;
  const Value* wanted = find(*selector, "matchLabels");
  if (is_empty(wanted)) return true;
  for (auto one = wanted->MemberBegin(); one != wanted->MemberEnd(); ++one) {
    const Value* found = labels == nullptr ? nullptr : find(*labels, as_text(one->name));
    if (!same(found, &one->value)) return false;
  }
  return true;
}

class TypeValidator {
 public:
  Causes causes;

  void workload(const Value& spec, bool is_deployment) {
    const Value* selector = find(spec, "selector");
    if (selector == nullptr) {
      causes.push_back(required_value("spec.selector"));
    } else if (is_empty(selector)) {
      causes.push_back(invalid_value("spec.selector", "{}",
                                     is_deployment ? "empty selector is invalid for deployment"
                                                   : "empty selector is invalid for statefulset"));
    }
    if (is_deployment) strategy(spec);
    const Value* labels = find(spec, {"template", "metadata", "labels"});
    if (!is_label_of(labels, selector) && (selector == nullptr || !is_empty(selector))) {
      causes.push_back(invalid_value("spec.template.metadata.labels", shown(labels),
                                     "`selector` does not match template `labels`"));
    }
    if (const Value* replicas = find(spec, "replicas"); replicas && replicas->GetInt64() < 0) {
      causes.push_back(
          invalid_value("spec.replicas", write(*replicas), "must be greater than or equal to 0"));
    }
    if (const Value* pod = find(spec, {"template", "spec"})) {
      this->pod(*pod, "spec.template.spec");
      const std::string_view policy = text_at(*pod, {"restartPolicy"});
      if (policy != "Always") {
        causes.push_back(
            unsupported_value("spec.template.spec.restartPolicy", quoted(policy), {"Always"}));
      }
    }
  }

  void pod(const Value& spec, const std::string& path) {
    std::vector<std::string> volumes;
    for (const Value& volume : items(spec, "volumes").GetArray()) {
      volumes.emplace_back(text_at(volume, {"name"}));
    }
    if (items(spec, "containers").Empty()) causes.push_back(required_value(path + ".containers"));
    for (const char* list : {"containers", "initContainers"}) {
      const Value& containers = items(spec, list);
      for (rapidjson::SizeType i = 0; i < containers.Size(); ++i) {
        container(containers[i], at(path + "." + list, i), volumes);
      }
    }
  }

  void service(const Value& spec, const Value* before) {
    const Value& ports = items(spec, "ports");
    const bool headless = text_at(spec, {"clusterIP"}) == "None";
    if (ports.Empty() && !headless && text_at(spec, {"type"}) != "ExternalName") {
      causes.push_back(required_value("spec.ports"));
    }
    static const std::vector<std::string> types = {"ClusterIP", "ExternalName", "LoadBalancer",
                                                   "NodePort"};
    const std::string_view type = text_at(spec, {"type"});
    if (std::find(types.begin(), types.end(), type) == types.end()) {
      causes.push_back(unsupported_value("spec.type", quoted(type), types));
    }
    const std::string_view policy = text_at(spec, {"externalTrafficPolicy"});
    if (!policy.empty() && type != "NodePort" && type != "LoadBalancer") {
      causes.push_back(invalid_value("spec.externalTrafficPolicy", quoted(policy),
                                     "may only be set for externally-accessible services"));
    }
    std::vector<std::string> names;
    std::vector<std::pair<std::string, std::int64_t>> seen;
    for (rapidjson::SizeType i = 0; i < ports.Size(); ++i) {
      service_port(ports[i], at("spec.ports", i), ports.Size() > 1, names, seen);
      if ((type == "ClusterIP" || type == "ExternalName") &&
          find(ports[i], "nodePort") != nullptr) {
        causes.push_back(forbidden(at("spec.ports", i) + ".nodePort",
                                   fmt::format("may not be used when `type` is '{}'", type)));
      }
    }
    if (before != nullptr) cluster_address(spec, *find(*before, "spec"));
  }

  void claim(const Value& object, const Value* before) {
    const Value& spec = *find(object, "spec");
    if (items(spec, "accessModes").Empty()) {
      causes.push_back(required_value("spec.accessModes", "at least 1 access mode is required"));
    }
    const Value* storage = find(spec, {"resources", "requests", "storage"});
    if (storage == nullptr) {
      causes.push_back(required_value("spec.resources[storage]"));
    } else if (compare_quantities(as_text(*storage), "0") <= 0) {
      causes.push_back(
          invalid_value("spec.resources[storage]", write(*storage), "must be greater than zero"));
    }
    if (before == nullptr) return;
    repeat();
    claim_update(object, *before);
  }

  void stateful_set_update(const Value& spec, const Value& before) {
    Document a;
    Document b;
    a.CopyFrom(spec, a.GetAllocator());
    b.CopyFrom(before, b.GetAllocator());
    for (const char* name :
         {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
          "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}) {
      remove(a, name);
      remove(b, name);
    }
    if (a == b) return;
    causes.push_back(forbidden(
        "spec",
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
        "'minReadySeconds' are forbidden"));
  }

  void webhooks(const Value& object) {
    const Value& hooks = items(object, "webhooks");
    for (rapidjson::SizeType i = 0; i < hooks.Size(); ++i) {
      const std::string path = at("webhooks", i);
      if (find(hooks[i], "sideEffects") == nullptr) {
        causes.push_back(
            required_value(path + ".sideEffects", "must specify one of None, NoneOnDryRun"));
      }
      if (items(hooks[i], "admissionReviewVersions").Empty()) {
        causes.push_back(
            required_value(path + ".admissionReviewVersions", "must specify one of v1, v1beta1"));
      }
    }
  }

 private:
  // Repeats all causes, because a kube-apiserver validates a PVC twice on update.
  void repeat() {
    const Causes once = causes;
    causes.insert(causes.end(), once.begin(), once.end());
  }

  void strategy(const Value& spec) {
    const std::string_view type = text_at(spec, {"strategy", "type"});
    const Value* rolling = find(spec, {"strategy", "rollingUpdate"});
    if (type == "Recreate" && rolling != nullptr) {
      causes.push_back(forbidden("spec.strategy.rollingUpdate",
                                 "may not be specified when strategy `type` is 'Recreate'"));
    } else if (type != "Recreate" && type != "RollingUpdate") {
      causes.push_back(
          unsupported_value("spec.strategy.type", quoted(type), {"Recreate", "RollingUpdate"}));
    }
  }

  void container(const Value& container, const std::string& path,
                 const std::vector<std::string>& volumes) {
    if (text_at(container, {"name"}).empty()) causes.push_back(required_value(path + ".name"));
    if (text_at(container, {"image"}).empty()) causes.push_back(required_value(path + ".image"));
    const Value& mounts = items(container, "volumeMounts");
    for (rapidjson::SizeType i = 0; i < mounts.Size(); ++i) {
      const std::string name(text_at(mounts[i], {"name"}));
      if (name.empty()) {
        causes.push_back(required_value(at(path + ".volumeMounts", i) + ".name"));
      } else if (std::find(volumes.begin(), volumes.end(), name) == volumes.end()) {
        causes.push_back({"FieldValueNotFound", fmt::format("Not found: {}", quoted(name)),
                          at(path + ".volumeMounts", i) + ".name"});
      }
    }
    const Value* requests = find(container, {"resources", "requests"});
    const Value* limits = find(container, {"resources", "limits"});
    if (requests == nullptr || limits == nullptr) return;
    for (auto one = requests->MemberBegin(); one != requests->MemberEnd(); ++one) {
      const Value* limit = find(*limits, as_text(one->name));
      if (limit == nullptr || compare_quantities(as_text(one->value), as_text(*limit)) <= 0) {
        continue;
      }
      causes.push_back(invalid_value(path + ".resources.requests", write(one->value),
                                     fmt::format("must be less than or equal to {} limit of {}",
                                                 as_text(one->name), as_text(*limit))));
    }
  }

  void service_port(const Value& port, const std::string& path, bool needs_name,
                    std::vector<std::string>& names,
                    std::vector<std::pair<std::string, std::int64_t>>& seen) {
    const std::string name(text_at(port, {"name"}));
    if (name.empty() && needs_name) causes.push_back(required_value(path + ".name"));
    if (!name.empty() && std::find(names.begin(), names.end(), name) != names.end()) {
      causes.push_back(duplicate_value(path + ".name", quoted(name)));
    }
    names.push_back(name);
    const Value* number = find(port, "port");
    const std::int64_t value = number == nullptr ? 0 : number->GetInt64();
    if (value < 1 || value > 65535) {
      causes.push_back(invalid_value(path + ".port", std::to_string(value),
                                     "must be between 1 and 65535, inclusive"));
    }
    target_port(port, path);
    const std::pair<std::string, std::int64_t> key(text_at(port, {"protocol"}), value);
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      // The message shows a Go struct in which only these fields are set.
      causes.push_back(duplicate_value(
          path, fmt::format(R"({{"Name":"","Protocol":{},"AppProtocol":null,"Port":{},)"
                            R"("TargetPort":0,"NodePort":0}})",
                            quoted(key.first), value)));
    }
    seen.push_back(key);
  }

  void target_port(const Value& port, const std::string& path) {
    const Value* target = find(port, "targetPort");
    if (target == nullptr || !target->IsInt64()) return;
    if (target->GetInt64() >= 1 && target->GetInt64() <= 65535) return;
    causes.push_back(invalid_value(path + ".targetPort", write(*target),
                                   "must be between 1 and 65535, inclusive"));
  }

  void cluster_address(const Value& spec, const Value& before) {
    const Value* was = find(before, "clusterIPs");
    const Value* is = find(spec, "clusterIPs");
    if (text_at(before, {"type"}) == "ExternalName" || text_at(spec, {"type"}) == "ExternalName") {
      return;
    }
    if (is_empty(was) || same(was, is)) return;
    causes.push_back(invalid_value("spec.clusterIPs[0]", shown(is), "may not change once set"));
  }

  void claim_update(const Value& object, const Value& before) {
    Document is;
    Document was;
    is.CopyFrom(*find(object, "spec"), is.GetAllocator());
    was.CopyFrom(*find(before, "spec"), was.GetAllocator());
    // An update may set the class or the volume of a PVC that has none.
    if (find(was, "storageClassName") == nullptr) remove(is, "storageClassName");
    if (text_at(was, {"volumeName"}).empty()) remove(is, "volumeName");
    const bool bound = text_at(before, {"status", "phase"}) == "Bound";
    const Value* wanted = find(is, {"resources", "requests", "storage"});
    const Value* had = find(was, {"resources", "requests", "storage"});
    const std::string new_size = wanted == nullptr ? "0" : std::string(as_text(*wanted));
    const std::string old_size = had == nullptr ? "0" : std::string(as_text(*had));
    Value* requests = find(is, {"resources", "requests"});
    if (bound && requests != nullptr && had != nullptr) {
      set(*requests, "storage", make_copy(*had, is.GetAllocator()), is.GetAllocator());
    }
    if (is != was) {
      causes.push_back(forbidden("spec",
                                 "spec is immutable after creation except resources.requests and "
                                 "volumeAttributesClassName for bound claims"));
    }
    if (compare_quantities(new_size, old_size) >= 0) return;
    const Value* capacity = find(before, {"status", "capacity", "storage"});
    if (compare_quantities(new_size, capacity == nullptr ? "0" : as_text(*capacity)) <= 0) {
      causes.push_back(forbidden("spec.resources.requests.storage",
                                 "field can not be less than status.capacity"));
    }
  }
};

Causes doubled(Causes causes) {
  const Causes once = causes;
  causes.insert(causes.end(), once.begin(), once.end());
  return causes;
}

}  // namespace

Causes validate_metadata(const Resource& resource, const Value& object, const Value* before) {
  Causes causes;
  const Value& meta = object["metadata"];
  const std::string_view name = text_at(meta, {"name"});
  if (before == nullptr) {
    static const Pattern subdomain(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$");
    static const Pattern label("^[a-z]([-a-z0-9]*[a-z0-9])?$");
    if (name.empty()) {
      causes.push_back(required_value("metadata.name", "name or generateName is required"));
    } else if (resource.plural == "services" && (!label.matches(name) || name.size() > 63)) {
      causes.push_back(invalid_value(
          "metadata.name", quoted(name),
          "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with "
          "an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
          "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"));
    } else if (!subdomain.matches(name) || name.size() > 253) {
      causes.push_back(invalid_value(
          "metadata.name", quoted(name),
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "
          "or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "
          "regex used for validation is "
          "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"));
    }
    return causes;
  }
  const Value& old_meta = (*before)["metadata"];
  if (text_at(meta, {"uid"}) != text_at(old_meta, {"uid"})) {
    causes.push_back(invalid_value("metadata.uid", quoted(text_at(meta, {"uid"})), kImmutable));
  }
  if (find(old_meta, "deletionTimestamp") != nullptr) {
    std::set<std::string> fresh;
    const Value& had = items(old_meta, "finalizers");
    for (const Value& one : items(meta, "finalizers").GetArray()) {
      if (std::find(had.Begin(), had.End(), one) == had.End()) fresh.insert(quoted(as_text(one)));
    }
    std::string list;
    for (const std::string& one : fresh) list += (list.empty() ? "" : ", ") + one;
    if (!fresh.empty()) {
      causes.push_back(forbidden(
          "metadata.finalizers",
          "no new finalizers can be added if the object is being deleted, found new finalizers "
          "[]string{" +
              list + "}"));
    }
  }
  return doubled(std::move(causes));
}

Causes validate_own_type(const Resource& resource, const Value& object, const Value* before) {
  TypeValidator validator;
  const Value* spec = find(object, "spec");
  const Value* old_spec = before == nullptr ? nullptr : find(*before, "spec");
  if (resource.plural == "deployments") {
    validator.workload(*spec, true);
    if (old_spec != nullptr && !same(find(*spec, "selector"), find(*old_spec, "selector"))) {
      validator.causes.push_back(
          invalid_value("spec.selector", shown(find(*spec, "selector")), kImmutable));
    }
  } else if (resource.plural == "statefulsets") {
    validator.workload(*spec, false);
    if (old_spec != nullptr) validator.stateful_set_update(*spec, *old_spec);
  } else if (resource.plural == "services") {
    validator.service(*spec, before);
  } else if (resource.plural == "persistentvolumeclaims") {
    validator.claim(object, before);
  } else if (resource.plural == "pods" && before == nullptr) {
    validator.pod(*spec, "spec");
  } else if (resource.plural == "mutatingwebhookconfigurations") {
    validator.webhooks(object);
  }
  return std::move(validator.causes);
}

Causes validate_status(const Resource& resource, const Value& object, const Value&) {
  if (resource.plural == "services") {
    const Value* ingress = find(object, {"status", "loadBalancer", "ingress"});
    if (!is_empty(ingress) && text_at(object, {"spec", "type"}) != "LoadBalancer") {
      return {forbidden("status.loadBalancer.ingress",
                        "may only be used when `spec.type` is 'LoadBalancer'")};
    }
  }
  return {};
}

}  // namespace sim
