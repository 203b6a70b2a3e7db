#include "sim/end_state.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "api/apps.h"
#include "api/local_registry.h"
#include "api/secret.h"
#include "api/webhook_configuration.h"
#include "base/text/base64.h"
#include "crypto/certificate.h"
#include "sim/kubelet.h"
#include "sim/read.h"
#include "sim/webhooks.h"

namespace sim {
namespace {

using api::LocalRegistry;

constexpr int kFirstNodePort = 30000;  // --service-node-port-range
constexpr int kLastNodePort = 32767;

template <class T>
std::optional<T> find(const ApiServer& server, std::string_view plural, const api::ObjectKey& key) {
  const ObjectPtr object = server.find(plural, key);
  if (!object) return std::nullopt;
  return read<T>(object);
}

std::string_view status_of(const LocalRegistry& registry, std::string_view type) {
  const api::Condition* condition = api::find_condition(registry.status.conditions, type);
  return condition == nullptr ? "" : std::string_view(condition->status);
}

// True if the object is marked as a child of this resource and was not forged by a scenario.
bool is_marked(const api::ObjectMeta& meta, const LocalRegistry& registry) {
  return api::lookup(meta.labels, "app.kubernetes.io/managed-by") == "local-registry-operator" &&
         api::lookup(meta.labels, "localregistry.dev/owner-uid") == registry.metadata.uid &&
         api::lookup(meta.annotations, "localregistry.dev/owner") ==
             api::to_string(api::key_of(registry.metadata)) &&
         !meta.labels.contains("forged");
}

class EndState {
 public:
  EndState(const ApiServer& server, const LocalRegistry& registry)
      : server_(server),
        registry_(registry),
        target_{api::target_namespace(registry), registry.spec.name} {}

  // True if the resource cannot have its namespace, or another resource or object may have its
  // name.
  bool may_be_refused() const {
    if (target_.namespace_name != registry_.metadata.namespace_name) {
      const ObjectPtr found = server_.find("namespaces", {"", target_.namespace_name});
      if (!found) return true;
      const auto& meta = read<AnyObject>(found).metadata;
      const std::string_view allowed =
          api::lookup(meta.annotations, "localregistry.dev/allow-from");
      if (allowed.find(registry_.metadata.namespace_name) == std::string_view::npos) return true;
      if (meta.deletion_timestamp) return true;
    }
    for (const ObjectPtr& other : server_.all("localregistries")) {
      const auto& rival = read<LocalRegistry>(other);
      const api::ObjectKey wanted = {api::target_namespace(rival), rival.spec.name};
      if (other->uid != registry_.metadata.uid && wanted == target_) return true;
    }
    const auto is_foreign = [&](std::string_view plural) {
      const ObjectPtr found = server_.find(plural, target_);
      return found && api::lookup(read<AnyObject>(found).metadata.labels,
                                  "localregistry.dev/owner-uid") != registry_.metadata.uid;
    };
    return is_foreign("deployments") || is_foreign("statefulsets") || is_foreign("services") ||
           is_foreign("persistentvolumeclaims");
  }

  std::vector<std::string> problems() && {
    if (registry_.spec.suspend || registry_.metadata.deletion_timestamp) return {};
    const ObjectPtr own = server_.find("namespaces", {"", registry_.metadata.namespace_name});
    if (!own || own->text.find("deletionTimestamp") != std::string::npos) return {};
    if (registry_.status.observed_generation != registry_.metadata.generation) {
      expect(false, "the status is about an earlier spec");
    }
    if (status_of(registry_, "Accepted") == "False") {
      expect(may_be_refused(), "it is refused without a reason");
      return std::move(problems_);
    }
    if (registry_.status.delivery == api::Delivery::kLocalRegistry) {
      deployed();
    } else {
      expect(!ours<api::Deployment>("deployments"), "a Deployment of a registry that is not used");
      expect(!ours<api::StatefulSet>("statefulsets"), "a StatefulSet of one that is not used");
      expect(!ours<api::Service>("services"), "a Service of a registry that is not used");
      expect(registry_.status.node_port == 0, "a node port of a registry that is not used");
    }
    nothing_is_left();
    if (registry_.spec.images.empty()) {
      const bool wanted = registry_.spec.enabled.value_or(true);
      expect((registry_.status.delivery == api::Delivery::kLocalRegistry) == wanted,
             "the delivery is not what the spec says");
    }
    return std::move(problems_);
  }

 private:
  void expect(bool holds, std::string_view otherwise) {
    if (!holds) {
      problems_.push_back(
          fmt::format("{}: {}", api::to_string(api::key_of(registry_.metadata)), otherwise));
    }
  }

  template <class T>
  std::optional<T> ours(std::string_view plural) const {
    auto found = find<T>(server_, plural, target_);
    if (found && api::lookup(found->metadata.labels, "localregistry.dev/owner-uid") !=
                     registry_.metadata.uid) {
      return std::nullopt;
    }
    return found;
  }

  // Checks that no child is left under an earlier name or in an earlier namespace.
  void nothing_is_left() {
    for (const std::string_view plural : {"deployments", "statefulsets", "services"}) {
      for (const ObjectPtr& object : server_.all(plural)) {
        if (object->key == target_ || !is_marked(read<AnyObject>(object).metadata, registry_)) {
          continue;
        }
        expect(false, fmt::format("{} {} is left over", plural, api::to_string(object->key)));
      }
    }
  }

  void deployed() {
    const auto deployment = ours<api::Deployment>("deployments");
    const auto set = ours<api::StatefulSet>("statefulsets");
    const bool persistent = registry_.spec.persistence.enabled;
    expect(deployment.has_value() == !persistent, "the Deployment is not as declared");
    expect(set.has_value() == persistent, "the StatefulSet is not as declared");
    if (deployment)
      workload(deployment->metadata, deployment->spec.replicas, deployment->spec.pod_template.spec,
               deployment->spec.selector);
    if (set)
      workload(set->metadata, set->spec.replicas, set->spec.pod_template.spec, set->spec.selector);
    const auto service = ours<api::Service>("services");
    if (persistent) {
      const auto claim =
          find<api::PersistentVolumeClaim>(server_, "persistentvolumeclaims", target_);
      expect(claim.has_value(), "there is no claim");
    }
    if (service) owned(service->metadata);
    if (!port_is_to_be_had() && !has_port(service)) {
      expect(status_of(registry_, "Available") == "False", "it is available without a node port");
      return;
    }
    expect(service.has_value(), "there is no Service");
    if (service) is_served(*service);
    if (service) expect(!publishes_in_vain(*service), "its Service publishes pods that are ending");
    const std::string_view available = status_of(registry_, "Available");
    if (!can_run()) {
      expect(available == "False", "it is available although its pod cannot run");
    } else {
      expect(available == "True", "it is not available");
    }
  }

  // True if the Service publishes not-ready addresses although each pod is ready or being deleted.
  // Clients could then push to a pod that is being deleted. The operator publishes such addresses
  // only while a sidecar keeps the pod from being ready.
  bool publishes_in_vain(const api::Service& service) const {
    if (service.spec.publish_not_ready_addresses != api::Switch::kOn) return false;
    const auto pods = server_.all("pods");
    return std::none_of(pods.begin(), pods.end(), [&](const ObjectPtr& object) {
      const auto& pod = read<Pod>(object);
      const api::Condition* ready = api::find_condition(pod.status.conditions, "Ready");
      return object->key.namespace_name == target_.namespace_name &&
             api::lookup(pod.metadata.labels, "app.kubernetes.io/instance") == target_.name &&
             !pod.metadata.deletion_timestamp && (ready == nullptr || ready->status != "True");
    });
  }

  // True if the registry's container runs on the only node. BuildKit may still fail beside it.
  bool can_run() const {
    return waiting_reason(registry_.spec.image).empty() && fits_node(registry_.spec.node_selector);
  }

  // True if the Service has a node port, or the status names one that the operator can request
  // again.
  bool has_port(const std::optional<api::Service>& service) const {
    if (!service) return false;
    const auto& ports = service->spec.ports;
    return registry_.status.node_port != 0 || registry_.status.last_node_port != 0 ||
           std::any_of(ports.begin(), ports.end(),
                       [](const api::ServicePort& one) { return one.node_port != 0; });
  }

  // False if the pinned port is outside the API server's range or another Service has it.
  bool port_is_to_be_had() const {
    const int port = registry_.spec.node_port;
    if (port == 0) return true;
    if (port < kFirstNodePort || port > kLastNodePort) return false;
    const auto services = server_.all("services");
    return std::none_of(services.begin(), services.end(), [&](const ObjectPtr& object) {
      const auto& ports = read<api::Service>(object).spec.ports;
      return std::any_of(ports.begin(), ports.end(),
                         [&](const api::ServicePort& one) { return one.node_port == port; });
    });
  }

  void workload(const api::ObjectMeta& meta, const std::optional<int>& replicas,
                const api::PodSpec& pod, const api::LabelSelector& selector) {
    owned(meta);
    expect(replicas == 1, "it has not one replica");
    expect(!selector.match_labels.empty(), "it selects no pods");
    const auto container =
        std::find_if(pod.containers.begin(), pod.containers.end(),
                     [](const api::Container& one) { return one.name == "registry"; });
    expect(container != pod.containers.end() && container->image == registry_.spec.image,
           "it does not run the registry's image");
    expect(pod.security_context && pod.security_context->run_as_non_root == true,
           "it may run as root");
    expect(pod.node_selector == registry_.spec.node_selector, "its node selector is another one");
    const bool has_buildkit =
        std::any_of(pod.containers.begin(), pod.containers.end(),
                    [](const api::Container& one) { return one.name == "buildkitd"; });
    const api::Condition* buildkit =
        api::find_condition(registry_.status.conditions, "BuildKitReady");
    const bool is_refused = buildkit != nullptr && buildkit->reason == "PodSecurityDefault";
    expect(is_refused || has_buildkit == !registry_.spec.localbuild, "BuildKit is not as declared");
  }

  void is_served(const api::Service& service) {
    const auto& ports = service.spec.ports;
    expect(service.spec.type == "NodePort" && ports.size() == 1, "the Service is another one");
    if (ports.size() != 1) return;
    expect(ports.front().port == registry_.spec.port, "the Service has another port");
    expect(ports.front().node_port != 0 && ports.front().node_port == registry_.status.node_port,
           "the status tells of another node port");
    expect(service.spec.selector.size() > 1, "the Service selects other pods");
  }

  void owned(const api::ObjectMeta& meta) {
    const bool same = target_.namespace_name == registry_.metadata.namespace_name;
    const bool has = std::any_of(
        meta.owner_references.begin(), meta.owner_references.end(),
        [&](const api::OwnerReference& owner) { return owner.uid == registry_.metadata.uid; });
    expect(has == same, "its owner reference is not as it should be");
    expect(api::lookup(meta.labels, "app.kubernetes.io/managed-by") == "local-registry-operator",
           "its label managed-by is another one");
  }

  const ApiServer& server_;
  const LocalRegistry& registry_;
  api::ObjectKey target_;
  std::vector<std::string> problems_;
};

// If the webhook is configured, the API server has to trust the certificate in its Secret.
void add_webhook_problems(const ApiServer& server, std::vector<std::string>& problems) {
  const auto configuration = find<api::MutatingWebhookConfiguration>(
      server, "mutatingwebhookconfigurations", {"", kWebhookConfiguration});
  if (!configuration) return;
  const auto secret = find<api::Secret>(server, "secrets", {kOwnNamespace, kWebhookSecret});
  if (!secret) {
    problems.emplace_back("the webhook has no certificate");
    return;
  }
  const auto part = [&](const char* key) {
    return base::decode_base64(api::lookup(secret->data, key)).value_or("");
  };
  if (!crypto::has_key(part("tls.crt"), part("tls.key")) ||
      !crypto::is_signed_by(part("tls.crt"), part("ca.crt"))) {
    problems.emplace_back("the webhook's certificate cannot be used");
  }
  for (const api::MutatingWebhook& webhook : configuration->webhooks) {
    if (webhook.client_config.ca_bundle == base::encode_base64(part("ca.crt"))) continue;
    problems.emplace_back("the API server does not trust the webhook's certificate");
  }
}

}  // namespace

std::vector<std::string> end_state_problems(const ApiServer& server) {
  std::vector<std::string> problems;
  std::set<std::string> alive;
  for (const ObjectPtr& object : server.all("localregistries")) {
    alive.insert(object->uid);
    const auto& registry = read<LocalRegistry>(object);
    for (std::string& problem : EndState(server, registry).problems()) {
      problems.push_back(std::move(problem));
    }
  }
  for (const std::string_view plural : {"deployments", "statefulsets", "services"}) {
    for (const ObjectPtr& object : server.all(plural)) {
      const auto& meta = read<AnyObject>(object).metadata;
      const std::string uid(api::lookup(meta.labels, "localregistry.dev/owner-uid"));
      if (uid.empty() || uid == "other" || alive.contains(uid)) continue;
      if (!meta.owner_references.empty()) continue;  // garbage collection deletes it
      if (meta.labels.contains("forged")) continue;  // it never belonged to the resource
      problems.push_back(
          fmt::format("{} {} outlived its resource", plural, api::to_string(object->key)));
    }
  }
  add_webhook_problems(server, problems);
  return problems;
}

bool has_reason_to_refuse(const ApiServer& server, const api::ObjectKey& registry) {
  const ObjectPtr object = server.find("localregistries", registry);
  return object && EndState(server, read<LocalRegistry>(object)).may_be_refused();
}

}  // namespace sim
