#include "reconcile/pull/probe_pod.h"

#include <fmt/core.h>

#include "base/limits.h"
#include "base/text/hash.h"
#include "reconcile/children/children.h"
#include "reconcile/children/names.h"

namespace reconcile {
namespace {

constexpr std::string_view kComponent = "pull-probe";

// There is no run_as_user: the image has one, and OpenShift sets another.
api::Container probe_container(const ProbeTarget& target) {
  api::Container container;
  container.name = kProbeContainer;
  container.image =
      fmt::format("localhost:{}/{}:{}", target.node_port, kProbeRepository, target.round);
  container.image_pull_policy = "Always";
  container.resources.requests = {{"cpu", api::Quantity{"1m"}}, {"memory", api::Quantity{"8Mi"}}};
  container.resources.limits = {{"memory", api::Quantity{"32Mi"}}};
  container.security_context = restricted_security();
  return container;
}

}  // namespace

std::string probe_name(const ProbeTarget& target) {
  const std::string pair =
      fmt::format("{}\n{}\n{}", target.registry_uid, target.node, target.round);
  return fmt::format("lrp-{:016x}", base::spread_hash(pair));
}

api::RunOncePod build_probe_pod(const ProbeTarget& target) {
  api::RunOncePod pod;
  pod.metadata.name = probe_name(target);
  pod.metadata.namespace_name = target.namespace_name;
  pod.metadata.labels = {{std::string(kManagedByLabel), std::string(kManager)},
                         {std::string(kComponentLabel), std::string(kComponent)},
                         {std::string(kProbeLabel), target.round}};
  pod.metadata.annotations = {{std::string(kProbeRegistryAnnotation), target.registry_uid},
                              {std::string(kProbeNodeAnnotation), target.node}};
  pod.metadata.owner_references = {target.owner};
  api::RunOncePodSpec& spec = pod.spec;
  spec.containers = {probe_container(target)};
  spec.node_name = target.node;
  spec.restart_policy = "Never";
  spec.active_deadline_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(limits::kPullProbeTime).count();
  spec.termination_grace_period_seconds = 0;
  spec.automount_service_account_token = false;
  spec.enable_service_links = false;
  spec.tolerations = {{"", "Exists", "", "", {}}};
  return pod;
}

}  // namespace reconcile
