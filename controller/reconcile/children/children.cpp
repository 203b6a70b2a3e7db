#include "reconcile/children/children.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

#include "api/pods/affinity.h"
#include "base/limits.h"
#include "base/text/hash.h"
#include "base/text/text.h"
#include "reconcile/children/names.h"

namespace reconcile {

// The pod settings of the spec; AppliedPod::inputs is their hash. If you add a field, leave it out
// of the JSON while it has its default value: a changed hash would restart every registry.
struct PodInputs {
  std::string image;
  int port = 0;
  std::string buildkit_image;  // empty with spec.localbuild
  std::vector<api::LocalObjectReference> image_pull_secrets;
  api::ResourceRequirements resources;
  api::ResourceRequirements buildkit_resources;
  std::string priority_class_name;
  api::StringMap node_selector;
  std::vector<api::Toleration> tolerations;
  json::Raw affinity;
};

}  // namespace reconcile

template <>
struct json::Fields<reconcile::PodInputs> {
  using T = reconcile::PodInputs;
  static constexpr auto kTable = std::make_tuple(
      json::field("image", &T::image), json::field("port", &T::port),
      json::field("buildKitImage", &T::buildkit_image),
      json::field("imagePullSecrets", &T::image_pull_secrets),
      json::field("resources", &T::resources),
      json::field("buildKitResources", &T::buildkit_resources),
      json::field("priorityClassName", &T::priority_class_name),
      json::field("nodeSelector", &T::node_selector), json::field("tolerations", &T::tolerations),
      json::field("affinity", &T::affinity));
};

namespace reconcile {
namespace {

PodInputs inputs_of(const api::LocalRegistrySpec& spec) {
  PodInputs inputs{
      spec.image,       spec.port,    spec.buildkit_image,      spec.image_pull_secrets,
      spec.resources,   {},           spec.priority_class_name, spec.node_selector,
      spec.tolerations, spec.affinity};
  if (spec.localbuild) {
    inputs.buildkit_image.clear();
  } else {
    inputs.buildkit_resources = spec.buildkit_resources;
  }
  return inputs;
}

constexpr std::int64_t kUser = 1000;  // uid and gid of registry and BuildKit, and fsGroup
constexpr int kRevisionHistory = 1;
constexpr std::int64_t kGraceSeconds = 10;
constexpr int kPrivilegedPorts = 1024;  // lower ports need a capability or a sysctl
constexpr std::string_view kUnprivilegedPorts = "net.ipv4.ip_unprivileged_port_start";
constexpr std::string_view kLogIsMessage = "FallbackToLogsOnError";
// Unlike the default OrderedReady, this policy replaces a pod of an old revision that is not ready.
constexpr std::string_view kPodManagement = "Parallel";
constexpr const char* kStorage = "storage";  // the resource of a PVC
constexpr std::string_view kDataVolume = "data";
constexpr std::string_view kDataPath = "/var/lib/registry";
constexpr std::string_view kBuildKitVolume = "buildkit";
constexpr std::string_view kBuildKitPath = "/home/user/.local/share/buildkit";

api::StringMap all_labels(const api::LocalRegistry& registry) {
  api::StringMap labels = selector_labels(registry);
  labels.emplace(kComponentLabel, kComponentValue);
  labels.emplace(kManagedByLabel, kManager);
  labels.emplace(kOwnerUidLabel, registry.metadata.uid);
  return labels;
}

api::ObjectMeta metadata(const api::LocalRegistry& registry) {
  api::ObjectMeta meta;
  meta.name = registry.spec.name;
  meta.namespace_name = api::target_namespace(registry);
  meta.labels = all_labels(registry);
  meta.annotations.emplace(kOwnerAnnotation, api::to_string(api::key_of(registry.metadata)));
  return meta;
}

// Argo CD before 3.0 treats an object with the instance label as a part of the Application that the
// label names, and prunes the object unless it has an owner reference.
void remove_instance_label(api::ObjectMeta& meta) {
  meta.labels.erase(std::string(api::kInstanceLabel));
}

// Adds the owner reference only within the LocalRegistry's own namespace. In another namespace,
// garbage collection would not find the owner and would delete the object. An object without an
// owner reference must not have the instance label.
void add_owner_reference(api::ObjectMeta& meta, const api::LocalRegistry& registry) {
  if (meta.namespace_name != registry.metadata.namespace_name) return remove_instance_label(meta);
  const api::ResourceType& type = api::Resource<api::LocalRegistry>::kType;
  meta.owner_references.push_back({api::api_version(type), std::string(type.kind),
                                   registry.metadata.name, registry.metadata.uid, true, true});
}

// Adds the intent hash. It reveals that a field was removed from the intent, which a comparison of
// the intended fields does not.
template <class T>
void add_intent_hash(T& object) {
  object.metadata.annotations[std::string(kIntentAnnotation)] = hash(api::encode_object(object));
}

api::Probe registry_probe(int period_seconds) {
  api::Probe probe;
  probe.http_get = api::HttpGetAction{"/v2/", {0, std::string(kPortName)}, "HTTP"};
  probe.timeout_seconds = 5;
  probe.period_seconds = period_seconds;
  probe.failure_threshold = 3;
  return probe;
}

api::Container registry_container(const api::LocalRegistry& registry) {
  api::Container container;
  container.name = kRegistryContainer;
  container.image = registry.spec.image;
  // The cache of blob descriptors is off, because a cached descriptor outlives its blob. After a
  // garbage collection of the registry, a push would succeed without sending the deleted blobs.
  container.env = {{"REGISTRY_HTTP_ADDR", fmt::format(":{}", registry.spec.port)},
                   {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR", "none"},
                   {"REGISTRY_STORAGE_DELETE_ENABLED", "true"}};
  container.ports = {{std::string(kPortName), "TCP", registry.spec.port}};
  container.resources = registry.spec.resources;
  container.volume_mounts = {{std::string(kDataVolume), std::string(kDataPath)}};
  container.readiness_probe = registry_probe(2);
  container.liveness_probe = registry_probe(20);
  container.liveness_probe->initial_delay_seconds = 10;
  container.termination_message_policy = kLogIsMessage;
  container.security_context = restricted_security();
  container.security_context->run_as_user = kUser;
  container.security_context->run_as_group = kUser;
  return container;
}

api::Probe buildkit_probe(int initial_delay_seconds, int period_seconds) {
  api::Probe probe;
  probe.exec = api::ExecAction{{"buildctl", "debug", "workers"}};
  probe.initial_delay_seconds = initial_delay_seconds;
  probe.timeout_seconds = 10;
  probe.period_seconds = period_seconds;
  probe.failure_threshold = 3;
  return probe;
}

// Rootless BuildKit creates user namespaces and mounts, which the default seccomp and AppArmor
// profiles forbid. It sets up its id ranges with programs that have file capabilities, which
// `allowPrivilegeEscalation: false` disables.
api::Container buildkit_container(const api::LocalRegistry& registry) {
  api::Container container;
  container.name = kBuildKitContainer;
  container.image = registry.spec.buildkit_image;
  container.args = {"--oci-worker-no-process-sandbox"};
  container.resources = registry.spec.buildkit_resources;
  container.volume_mounts = {{std::string(kBuildKitVolume), std::string(kBuildKitPath)}};
  container.readiness_probe = buildkit_probe(2, 5);
  container.liveness_probe = buildkit_probe(10, 30);
  container.termination_message_policy = kLogIsMessage;
  api::SecurityContext security;
  security.run_as_user = kUser;
  security.run_as_group = kUser;
  security.run_as_non_root = true;
  security.seccomp_profile = api::SecurityProfile{"Unconfined"};
  security.app_armor_profile = api::SecurityProfile{"Unconfined"};
  container.security_context = security;
  return container;
}

api::PodTemplateSpec pod_template(const api::LocalRegistry& registry, bool with_buildkit) {
  api::PodTemplateSpec pod;
  pod.metadata.labels = all_labels(registry);
  pod.metadata.labels.emplace(kAppLabel, registry.spec.name);
  pod.metadata.annotations.emplace(kOwnerAnnotation,
                                   api::to_string(api::key_of(registry.metadata)));
  api::PodSecurityContext security;
  security.run_as_non_root = true;
  security.run_as_user = kUser;
  security.run_as_group = kUser;
  security.fs_group = kUser;
  security.fs_group_change_policy = "OnRootMismatch";
  security.seccomp_profile = api::SecurityProfile{"RuntimeDefault"};
  if (registry.spec.port < kPrivilegedPorts) {
    security.sysctls = {{std::string(kUnprivilegedPorts), std::to_string(registry.spec.port)}};
  }
  pod.spec.security_context = security;
  pod.spec.containers.push_back(registry_container(registry));
  api::Volume data;
  data.name = kDataVolume;
  if (registry.spec.persistence.enabled) {
    data.persistent_volume_claim = api::PersistentVolumeClaimVolumeSource{registry.spec.name};
  } else {
    data.empty_dir = api::EmptyDirVolumeSource{};
  }
  pod.spec.volumes.push_back(data);
  if (with_buildkit) {
    pod.spec.containers.push_back(buildkit_container(registry));
    api::Volume cache;
    cache.name = kBuildKitVolume;
    cache.empty_dir = api::EmptyDirVolumeSource{};
    pod.spec.volumes.push_back(cache);
  }
  pod.spec.image_pull_secrets = registry.spec.image_pull_secrets;
  pod.spec.enable_service_links = false;
  pod.spec.automount_service_account_token = false;
  pod.spec.termination_grace_period_seconds = kGraceSeconds;
  pod.spec.priority_class_name = registry.spec.priority_class_name;
  pod.spec.node_selector = registry.spec.node_selector;
  pod.spec.tolerations = registry.spec.tolerations;
  pod.spec.affinity = api::stored_affinity(registry.spec.affinity);
  return pod;
}

// Returns the larger of the requested size and the size of the existing PVC, because a PVC cannot
// shrink.
api::Quantity pvc_size(const api::LocalRegistry& registry,
                       const api::PersistentVolumeClaim* existing) {
  api::Quantity wanted = requested_storage(registry);
  if (existing == nullptr) return wanted;
  api::Quantity current = storage_of(existing->spec.resources.requests);
  return api::is_less(wanted, current) ? current : wanted;
}

// Returns a workload with the fields that a Deployment and a StatefulSet have in common.
template <class T>
T make_workload(const api::LocalRegistry& registry, const api::PodTemplateSpec& pod,
                std::string_view buildkit_refused) {
  T workload;
  workload.metadata = metadata(registry);
  workload.metadata.annotations.emplace(kBuildKitRefusedAnnotation, buildkit_refused);
  add_owner_reference(workload.metadata, registry);
  workload.spec.replicas = 1;
  workload.spec.selector.match_labels = selector_labels(registry);
  workload.spec.revision_history_limit = kRevisionHistory;
  workload.spec.pod_template = pod;
  return workload;
}

// Records the pod in an annotation: as JSON, or as a HashedRecord if the JSON is larger than
// limits::kRecordedTemplateBytes.
void record_pod(api::Deployment& deployment, const AppliedPod& pod) {
  std::string text = json::encode(pod);
  if (text.size() > limits::kRecordedTemplateBytes) {
    const HashedRecord record = hashed_record_of(pod);
    text = fmt::format("{},{},{}", record.inputs, record.restart, record.pod_template);
  }
  deployment.metadata.annotations.emplace(kAppliedPodAnnotation, std::move(text));
}

}  // namespace

api::SecurityContext restricted_security() {
  api::SecurityContext security;
  security.run_as_non_root = true;
  security.read_only_root_filesystem = true;
  security.allow_privilege_escalation = false;
  security.capabilities = api::Capabilities{{"ALL"}, {}};
  security.seccomp_profile = api::SecurityProfile{"RuntimeDefault"};
  return security;
}

// The hash only has to distinguish intents, and a collision does no harm because every field is
// compared as well.
std::string hash(std::string_view text) { return fmt::format("{:016x}", base::fnv1a(text)); }

bool is_hash(std::string_view text) {
  return text.size() == hash("").size() &&
         std::all_of(text.begin(), text.end(), base::is_lower_hex);
}

HashedRecord hashed_record_of(const AppliedPod& pod) {
  return {pod.inputs, pod.restart, hash(json::encode(pod.pod_template))};
}

std::optional<HashedRecord> hashed_record(std::string_view text) {
  const std::size_t first = text.find(',');
  const std::size_t last = text.rfind(',');
  if (first == last) return std::nullopt;
  const std::string_view inputs = text.substr(0, first);
  const std::string_view restart = text.substr(first + 1, last - first - 1);
  const std::string_view pod_template = text.substr(last + 1);
  if (!is_hash(inputs) || !is_hash(pod_template) || (!restart.empty() && !is_hash(restart))) {
    return std::nullopt;
  }
  return HashedRecord{std::string(inputs), std::string(restart), std::string(pod_template)};
}

AppliedPod new_pod(const api::LocalRegistry& registry, bool with_buildkit) {
  const std::string_view restart = api::lookup(registry.metadata.annotations, kRestartAnnotation);
  return {hash(json::encode(inputs_of(registry.spec))), restart.empty() ? "" : hash(restart),
          pod_template(registry, with_buildkit)};
}

api::Deployment build_deployment(const api::LocalRegistry& registry, bool with_buildkit) {
  return build_deployment(registry, new_pod(registry, with_buildkit), kNeverRefused);
}

api::Deployment build_deployment(const api::LocalRegistry& registry, const AppliedPod& pod,
                                 std::string_view buildkit_refused) {
  auto deployment = make_workload<api::Deployment>(registry, pod.pod_template, buildkit_refused);
  record_pod(deployment, pod);
  deployment.spec.strategy.type = std::string(kStrategy);
  add_intent_hash(deployment);
  return deployment;
}

api::Deployment build_strategy_patch(const api::ObjectMeta& existing) {
  api::Deployment patch;
  patch.metadata = api::identity_of(existing);
  patch.spec.strategy.type = std::string(kStrategy);
  patch.spec.strategy.rolling_update.text = "null";
  return patch;
}

api::StatefulSet build_stateful_set(const api::LocalRegistry& registry, bool with_buildkit,
                                    std::string_view buildkit_refused) {
  auto set = make_workload<api::StatefulSet>(registry, pod_template(registry, with_buildkit),
                                             buildkit_refused);
  set.spec.service_name = registry.spec.name;
  set.spec.pod_management_policy = kPodManagement;
  add_intent_hash(set);
  return set;
}

api::Service build_service(const api::LocalRegistry& registry, int node_port,
                           bool publishes_not_ready) {
  api::Service service;
  service.metadata = metadata(registry);
  add_owner_reference(service.metadata, registry);
  service.spec.type = "NodePort";
  service.spec.selector = selector_labels(registry);
  service.spec.publish_not_ready_addresses =
      publishes_not_ready ? api::Switch::kOn : api::Switch::kOff;
  service.spec.ports = {
      {std::string(kPortName), "TCP", registry.spec.port, {0, std::string(kPortName)}, 0}};
  add_intent_hash(service);
  service.spec.ports.front().node_port = node_port;
  return service;
}

api::Service build_ports_patch(const api::ObjectMeta& existing, const api::Service& wanted) {
  api::Service patch;
  patch.metadata = api::version_of(existing);
  patch.spec.ports = wanted.spec.ports;
  patch.spec.publish_not_ready_addresses = wanted.spec.publish_not_ready_addresses;
  return patch;
}

api::Quantity requested_storage(const api::LocalRegistry& registry) {
  return api::rounded_up(registry.spec.persistence.size);
}

api::Quantity storage_of(const std::map<std::string, api::Quantity>& amounts) {
  const auto found = amounts.find(kStorage);
  return found == amounts.end() ? api::Quantity{"0"} : found->second;
}

api::PersistentVolumeClaim build_pvc(const api::LocalRegistry& registry,
                                     const api::PersistentVolumeClaim* existing) {
  api::PersistentVolumeClaim pvc;
  pvc.metadata = metadata(registry);
  remove_instance_label(pvc.metadata);
  pvc.spec.access_modes = {"ReadWriteOnce"};
  add_intent_hash(pvc);
  pvc.spec.resources.requests.emplace(kStorage, pvc_size(registry, existing));
  pvc.spec.storage_class_name = registry.spec.persistence.storage_class_name;
  if (existing != nullptr && existing->spec.storage_class_name) {
    pvc.spec.storage_class_name = existing->spec.storage_class_name;
  }
  return pvc;
}

}  // namespace reconcile
