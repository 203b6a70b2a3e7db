#include "sim/defaults.h"

#include <cstdint>
#include <utility>

#include "sim/typed.h"

namespace sim {
namespace {

std::string base64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8U | (i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      result += i + j > text.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63U];
    }
  }
  return result;
}

class Defaults {
 public:
  explicit Defaults(Allocator& allocator) : allocator_(&allocator) {}

  void set(Value& object, const char* name, const char* value) {
    set_default(object, name, std::string_view(value), *allocator_);
  }
  void set(Value& object, const char* name, int value) {
    set_default(object, name, Value(value), *allocator_);
  }
  void set(Value& object, const char* name, bool value) {
    set_default(object, name, Value(value), *allocator_);
  }

  void deployment(Value& spec) {
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    set(spec, "progressDeadlineSeconds", 600);
    Value& strategy = need_object(spec, "strategy", *allocator_);
    set(strategy, "type", "RollingUpdate");
    if (text_at(strategy, {"type"}) == "RollingUpdate") {
      Value& rolling = need_object(strategy, "rollingUpdate", *allocator_);
      set(rolling, "maxUnavailable", "25%");
      set(rolling, "maxSurge", "25%");
    }
    pod(*find(spec, {"template", "spec"}), true);
  }

  void replica_set(Value& spec) {
    set(spec, "replicas", 1);
    pod(*find(spec, {"template", "spec"}), true);
  }

  void stateful_set(Value& spec) {
    set(spec, "podManagementPolicy", "OrderedReady");
    Value& strategy = need_object(spec, "updateStrategy", *allocator_);
    set(strategy, "type", "RollingUpdate");
    if (text_at(strategy, {"type"}) == "RollingUpdate") {
      set(need_object(strategy, "rollingUpdate", *allocator_), "partition", 0);
    }
    Value& policy = need_object(spec, "persistentVolumeClaimRetentionPolicy", *allocator_);
    set(policy, "whenDeleted", "Retain");
    set(policy, "whenScaled", "Retain");
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    pod(*find(spec, {"template", "spec"}), true);
    if (Value* claims = find(spec, "volumeClaimTemplates");
        claims != nullptr && claims->IsArray()) {
      for (Value& claim : claims->GetArray()) {
        set(claim, "kind", "PersistentVolumeClaim");
        set(claim, "apiVersion", "v1");
        this->claim(claim);
      }
    }
  }

  void claim(Value& object) {
    round_up(find(object, {"spec", "resources"}));
    set(need_object(object, "spec", *allocator_), "volumeMode", "Filesystem");
    set(need_object(object, "status", *allocator_), "phase", "Pending");
  }

  void service(Value& object) {
    Value& spec = object["spec"];
    set(spec, "sessionAffinity", "None");
    if (text_at(spec, {"sessionAffinity"}) == "ClientIP") {
      Value& config = need_object(spec, "sessionAffinityConfig", *allocator_);
      set(need_object(config, "clientIP", *allocator_), "timeoutSeconds", 10800);
    } else {
      remove(spec, "sessionAffinityConfig");
    }
    set(spec, "type", "ClusterIP");
    const std::string_view type = text_at(spec, {"type"});
    if (Value* ports = find(spec, "ports"); ports != nullptr && ports->IsArray()) {
      for (Value& port : ports->GetArray()) service_port(port);
    }
    if (type == "NodePort" || type == "LoadBalancer") set(spec, "externalTrafficPolicy", "Cluster");
    if (type != "ExternalName") set(spec, "internalTrafficPolicy", "Cluster");
    if (type != "LoadBalancer") return;
    set(spec, "allocateLoadBalancerNodePorts", true);
    Value* ingress = find(object, {"status", "loadBalancer", "ingress"});
    if (ingress == nullptr || !ingress->IsArray()) return;
    for (Value& one : ingress->GetArray()) {
      if (find(one, "ip") != nullptr) set(one, "ipMode", "VIP");
    }
  }

  void pod(Value& spec, bool in_template) {
    set(spec, "dnsPolicy", "ClusterFirst");
    set(spec, "restartPolicy", "Always");
    if (!in_template && find(spec, "hostNetwork") != nullptr) host_ports(spec);
    set(spec, "terminationGracePeriodSeconds", 30);
    need_object(spec, "securityContext", *allocator_);
    set(spec, "schedulerName", "default-scheduler");
    if (find(spec, "serviceAccountName") != nullptr) {
      set(spec, "serviceAccount", std::string(text_at(spec, {"serviceAccountName"})).c_str());
    } else if (find(spec, "serviceAccount") != nullptr) {
      set(spec, "serviceAccountName", std::string(text_at(spec, {"serviceAccount"})).c_str());
    }
    for (const char* list : {"containers", "initContainers"}) {
      Value* containers = find(spec, list);
      if (containers == nullptr || !containers->IsArray()) continue;
      for (Value& one : containers->GetArray()) container(one, !in_template);
    }
    if (Value* volumes = find(spec, "volumes"); volumes != nullptr && volumes->IsArray()) {
      for (Value& one : volumes->GetArray()) volume(one);
    }
    if (!in_template) set(spec, "enableServiceLinks", true);
  }

  void secret(Value& object) {
    set(object, "type", "Opaque");
    const Value* texts = find(object, "stringData");
    if (texts == nullptr) return;
    const Value copy = make_copy(*texts, *allocator_);
    Value& data = need_object(object, "data", *allocator_);
    for (auto one = copy.MemberBegin(); one != copy.MemberEnd(); ++one) {
      set_text(data, as_text(one->name), base64(as_text(one->value)), *allocator_);
    }
    remove(object, "stringData");
  }

  void webhooks(Value& object) {
    Value* hooks = find(object, "webhooks");
    if (hooks == nullptr || !hooks->IsArray()) return;
    for (Value& hook : hooks->GetArray()) {
      set(hook, "failurePolicy", "Fail");
      set(hook, "matchPolicy", "Equivalent");
      need_object(hook, "namespaceSelector", *allocator_);
      need_object(hook, "objectSelector", *allocator_);
      set(hook, "timeoutSeconds", 10);
      set(hook, "reinvocationPolicy", "Never");
      if (Value* service = find(hook, {"clientConfig", "service"})) set(*service, "port", 443);
      Value* rules = find(hook, "rules");
      if (rules == nullptr || !rules->IsArray()) continue;
      for (Value& rule : rules->GetArray()) set(rule, "scope", "*");
    }
  }

 private:
  void host_ports(Value& spec) {
    Value* containers = find(spec, "containers");
    if (containers == nullptr || !containers->IsArray()) return;
    for (Value& one : containers->GetArray()) {
      Value* ports = find(one, "ports");
      if (ports == nullptr || !ports->IsArray()) continue;
      for (Value& port : ports->GetArray()) {
        set_default(port, "hostPort", make_copy(port["containerPort"], *allocator_), *allocator_);
      }
    }
  }

  void service_port(Value& port) {
    set(port, "protocol", "TCP");
    const Value* target = find(port, "targetPort");
    const bool none = target == nullptr || target->IsNull() ||
                      (target->IsInt() && target->GetInt() == 0) ||
                      (target->IsString() && target->GetStringLength() == 0);
    if (none) sim::set(port, "targetPort", make_copy(port["port"], *allocator_), *allocator_);
  }

  // Sets the default values of a container. A missing request gets the value of the limit only in a
  // pod, not in a template.
  void container(Value& container, bool requests_from_limits) {
    set(container, "terminationMessagePath", "/dev/termination-log");
    set(container, "terminationMessagePolicy", "File");
    const std::string image(text_at(container, {"image"}));
    set(container, "imagePullPolicy", is_latest(image) ? "Always" : "IfNotPresent");
    if (Value* ports = find(container, "ports"); ports != nullptr && ports->IsArray()) {
      for (Value& port : ports->GetArray()) set(port, "protocol", "TCP");
    }
    for (const char* name : {"readinessProbe", "livenessProbe", "startupProbe"}) {
      if (Value* one = find(container, name)) probe(*one);
    }
    if (Value* variables = find(container, "env"); variables != nullptr && variables->IsArray()) {
      for (Value& variable : variables->GetArray()) {
        if (Value* field = find(variable, {"valueFrom", "fieldRef"}))
          set(*field, "apiVersion", "v1");
      }
    }
    Value* resources = find(container, "resources");
    round_up(resources);
    if (!requests_from_limits) return;
    const Value* limits = resources == nullptr ? nullptr : find(*resources, "limits");
    if (is_empty(limits)) return;
    const Value copy = make_copy(*limits, *allocator_);
    Value& requests = need_object(*resources, "requests", *allocator_);
    for (auto one = copy.MemberBegin(); one != copy.MemberEnd(); ++one) {
      set_default(requests, as_text(one->name), make_copy(one->value, *allocator_), *allocator_);
    }
  }

  // Rounds quantities up to a thousandth, the smallest unit of limits and requests.
  void round_up(Value* resources) {
    for (const char* name : {"limits", "requests"}) {
      Value* list = resources == nullptr ? nullptr : find(*resources, name);
      if (list == nullptr || !list->IsObject()) continue;
      for (auto one = list->MemberBegin(); one != list->MemberEnd(); ++one) {
        if (one->value.IsString()) {
          one->value = make_text(rounded_quantity(as_text(one->value)), *allocator_);
        }
      }
    }
  }

  static bool is_latest(const std::string& image) {
    if (image.find('@') != std::string::npos) return false;
    const std::size_t slash = image.rfind('/');
    const std::size_t colon = image.find(':', slash == std::string::npos ? 0 : slash);
    return colon == std::string::npos || image.substr(colon) == ":latest";
  }

  void probe(Value& probe) {
    if (Value* http = find(probe, "httpGet")) {
      set(*http, "path", "/");
      set(*http, "scheme", "HTTP");
    }
    if (Value* grpc = find(probe, "grpc")) set(*grpc, "service", "");
    set(probe, "timeoutSeconds", 1);
    set(probe, "periodSeconds", 10);
    set(probe, "successThreshold", 1);
    set(probe, "failureThreshold", 3);
  }

  void volume(Value& volume) {
    if (volume.MemberCount() <= 1) need_object(volume, "emptyDir", *allocator_);
    for (const char* name : {"secret", "configMap", "downwardAPI", "projected"}) {
      if (Value* source = find(volume, name)) set(*source, "defaultMode", 0644);
    }
    if (Value* path = find(volume, "hostPath")) set(*path, "type", "");
  }

  Allocator* allocator_;
};

}  // namespace

void set_defaults(const Resource& resource, Value& object, Allocator& allocator) {
  Defaults defaults(allocator);
  if (resource.plural == "deployments") {
    defaults.deployment(*find(object, "spec"));
  } else if (resource.plural == "replicasets") {
    defaults.replica_set(*find(object, "spec"));
  } else if (resource.plural == "statefulsets") {
    defaults.stateful_set(*find(object, "spec"));
  } else if (resource.plural == "services") {
    defaults.service(object);
  } else if (resource.plural == "persistentvolumeclaims") {
    defaults.claim(object);
  } else if (resource.plural == "pods") {
    defaults.pod(*find(object, "spec"), false);
    defaults.set(need_object(object, "status", allocator), "phase", "Pending");
  } else if (resource.plural == "namespaces") {
    defaults.set(need_object(object, "status", allocator), "phase", "Active");
    const std::string name(text_at(object, {"metadata", "name"}));
    if (!name.empty()) {
      set_default(need_object(object["metadata"], "labels", allocator),
                  "kubernetes.io/metadata.name", name, allocator);
    }
  } else if (resource.plural == "secrets") {
    defaults.secret(object);
  } else if (resource.plural == "mutatingwebhookconfigurations") {
    defaults.webhooks(object);
  }
}

void prune_and_default(const Schema& schema, Value& value, Nulls nulls, Allocator& allocator) {
  if (schema.kind == SchemaKind::kList && value.IsArray()) {
    for (Value& item : value.GetArray()) prune_and_default(*schema.items, item, nulls, allocator);
  }
  if (schema.kind == SchemaKind::kMap && value.IsObject()) {
    for (auto one = value.MemberBegin(); one != value.MemberEnd(); ++one) {
      prune_and_default(*schema.items, one->value, nulls, allocator);
    }
  }
  if (schema.kind != SchemaKind::kStruct || !value.IsObject()) return;
  Value kept(rapidjson::kObjectType);
  for (auto one = value.MemberBegin(); one != value.MemberEnd(); ++one) {
    const SchemaField* field = schema.field(as_text(one->name));
    if (field == nullptr) continue;
    const bool has_default = field->schema->checks && field->schema->checks->default_value;
    if (one->value.IsNull() && (has_default || nulls == Nulls::kDropped)) continue;
    kept.AddMember(one->name, one->value, allocator);
  }
  for (const SchemaField& field : schema.fields) {
    if (!field.schema->checks) continue;
    Value* found = find(kept, field.name);
    if (found == nullptr && field.schema->checks->default_value) {
      found = &set(kept, field.name, make_copy(*field.schema->checks->default_value, allocator),
                   allocator);
    }
    if (found != nullptr) prune_and_default(*field.schema, *found, nulls, allocator);
  }
  value = std::move(kept);
}

}  // namespace sim
