#include "sim/kubelet.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/controllers.h"

namespace sim {
namespace {

kube::Request request_for(kube::Method method, std::string_view plural, const api::ObjectMeta& meta,
                          std::string_view subresource, std::string body) {
  kube::Request request;
  request.method = method;
  request.target = path_of(plural, api::key_of(meta));
  if (!subresource.empty()) request.target += fmt::format("/{}", subresource);
  request.content_type =
      method == kube::Method::kPatch ? "application/merge-patch+json" : "application/json";
  request.body = std::move(body);
  return request;
}

std::string status_of(const Pod& pod) {
  std::string containers;
  bool ready = true;
  bool started = true;
  for (const api::Container& container : pod.spec.containers) {
    const std::string_view reason = waiting_reason(container.image);
    ready = ready && reason.empty();
    started = started && reason != "ErrImagePull";
    const std::string state =
        reason.empty() ? R"("running":{})" : fmt::format(R"("waiting":{{"reason":"{}"}})", reason);
    containers +=
        fmt::format(R"({}{{"name":"{}","image":"{}","imageID":"","ready":{},"restartCount":{},)"
                    R"("state":{{{}}}}})",
                    containers.empty() ? "" : ",", container.name, container.image, reason.empty(),
                    reason == "CrashLoopBackOff" ? 1 : 0, state);
  }
  return fmt::format(
      R"({{"status":{{"phase":"{}","conditions":[{{"type":"PodScheduled","status":"True"}},)"
      R"({{"type":"Ready","status":"{}"{}}}],"containerStatuses":[{}]}}}})",
      started ? "Running" : "Pending", ready ? "True" : "False",
      ready ? "" : R"(,"reason":"ContainersNotReady")", containers);
}

bool has_run(const Pod& pod) {
  return api::find_condition(pod.status.conditions, "Ready") != nullptr;
}

}  // namespace

const api::StringMap& node_labels() {
  static const api::StringMap kLabels = {{"disk", "ssd"}};
  return kLabels;
}

std::string_view waiting_reason(std::string_view image) {
  if (image.find(kMissingImage) != std::string::npos) return "ErrImagePull";
  if (image.find(kCrashingImage) != std::string::npos) return "CrashLoopBackOff";
  return {};
}

bool fits_node(const api::StringMap& node_selector) {
  return std::all_of(node_selector.begin(), node_selector.end(), [](const auto& label) {
    return api::lookup(node_labels(), label.first) == label.second;
  });
}

std::optional<kube::Request> next_request(const Pod& pod, bool mounted, PodParts parts) {
  using kube::Method;
  const api::ObjectMeta& meta = pod.metadata;
  const bool bound = !pod.spec.node_name.empty();
  if (meta.deletion_timestamp) {
    if (!bound || !parts.end || !meta.finalizers.empty()) return std::nullopt;
    return request_for(
        Method::kDelete, "pods", meta, "",
        fmt::format(R"({{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,)"
                    R"("preconditions":{{"uid":"{}"}}}})",
                    meta.uid));
  }
  if (pod.status.phase == "Failed" || pod.status.phase == "Succeeded") return std::nullopt;
  if (!bound) {
    if (!parts.bind) return std::nullopt;
    if (!mounted || !fits_node(pod.spec.node_selector)) {
      const api::Condition* scheduled = api::find_condition(pod.status.conditions, "PodScheduled");
      if (scheduled != nullptr && scheduled->status == "False") return std::nullopt;
      return request_for(Method::kPatch, "pods", meta, "status",
                         R"({"status":{"conditions":[{"type":"PodScheduled","status":"False",)"
                         R"("reason":"Unschedulable"}]}})");
    }
    return request_for(
        Method::kPost, "pods", meta, "binding",
        fmt::format(R"({{"apiVersion":"v1","kind":"Binding","metadata":{{"name":"{}"}},)"
                    R"("target":{{"apiVersion":"v1","kind":"Node","name":"node-1"}}}})",
                    meta.name));
  }
  if (!parts.run || has_run(pod)) return std::nullopt;
  return request_for(Method::kPatch, "pods", meta, "status", status_of(pod));
}

std::optional<kube::Request> next_request(const api::PersistentVolumeClaim& claim) {
  const auto wanted = claim.spec.resources.requests.find("storage");
  const auto has = claim.status.capacity.find("storage");
  if (claim.metadata.deletion_timestamp || wanted == claim.spec.resources.requests.end()) {
    return std::nullopt;
  }
  if (claim.status.phase == "Bound" && has != claim.status.capacity.end() &&
      has->second == wanted->second) {
    return std::nullopt;
  }
  return request_for(kube::Method::kPatch, "persistentvolumeclaims", claim.metadata, "status",
                     fmt::format(R"({{"status":{{"phase":"Bound","accessModes":["ReadWriteOnce"],)"
                                 R"("capacity":{{"storage":"{}"}}}}}})",
                                 wanted->second.text));
}

}  // namespace sim
