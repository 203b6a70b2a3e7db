#include "reconcile/pull/probe_verdict.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "base/limits.h"
#include "base/text/text.h"
#include "reconcile/pull/probe_pod.h"
#include "reconcile/pull/pull_reason.h"
#include "reconcile/status/pods.h"

namespace reconcile {
namespace {

using std::chrono::milliseconds;

// Reasons with which a container waits because its image could not be pulled.
constexpr std::string_view kPullFailures[] = {
    "ErrImagePull",      "ImagePullBackOff",          "RegistryUnavailable",
    "ImageInspectError", "SignatureValidationFailed", "InvalidImageName"};

// Reasons with which a container waits after its image was pulled.
constexpr std::string_view kWaitsAfterPull[] = {
    "CreateContainerError", "CreateContainerConfigError", "RunContainerError",
    "PreCreateHookError",   "PreStartHookError",          "PostStartHookError"};

// Reasons with which a container ends that was created, so its image was pulled. The kubelet
// reports ContainerStatusUnknown for containers that it never created.
constexpr std::string_view kEndsAfterPull[] = {"Completed", "Error", "StartError",
                                               "ContainerCannotRun", "OOMKilled"};

// A policy has changed the pull policy of the Pod, so the node did not try to pull.
constexpr std::string_view kNeverPulled = "ErrImageNeverPull";

constexpr std::string_view kBackOff = "ImagePullBackOff";
// Older kubelets report the back-off with this text and the image only. The reason of the failure
// follows when they try again.
constexpr std::string_view kBackOffText = "Back-off pulling image";
constexpr std::string_view kReadyToStart = "PodReadyToStartContainers";  // KEP-3085
constexpr std::string_view kOutOf = "OutOf";  // "OutOfpods", "OutOfcpu", …

ProbeVerdict failure(const api::ContainerStateWaiting& waiting, std::uint16_t node_port) {
  const PullReason reason = classify_pull_failure(waiting.reason, waiting.message, node_port);
  const bool is_failing = reason.verdict == PullVerdict::kFailing;
  return {is_failing ? ProbeResult::kFailing : ProbeResult::kUnknown,
          std::string(reason.reason),
          waiting.message,
          true,
          {}};
}

// Returns the verdict on a Pod that the kubelet refused or ended before the pull.
ProbeVerdict refusal(const api::PodStatus& status) {
  std::string reason = status.reason;
  if (reason.empty()) reason = pull_reason::kProbeEnded;
  if (reason.starts_with(kOutOf)) reason = pull_reason::kNodeFull;
  return {ProbeResult::kUnknown, std::move(reason), {}, true, {}};
}

ProbeVerdict unknown_until(milliseconds left, std::string_view reason) {
  ProbeVerdict verdict;
  if (!reason.empty()) verdict.result = ProbeResult::kUnknown;
  verdict.reason = reason;
  verdict.has_ended = left <= milliseconds::zero();
  if (!verdict.has_ended) verdict.recheck_after = left;
  return verdict;
}

// Returns the verdict on a Pod that waits for its sandbox or for the pull.
ProbeVerdict waiting_verdict(const api::Pod& pod, milliseconds age) {
  if (age < limits::kPullQueueTime) return unknown_until(limits::kPullQueueTime - age, "");
  const api::Condition* sandbox = api::find_condition(pod.status.conditions, kReadyToStart);
  const bool has_failed = sandbox != nullptr && sandbox->status == api::condition_status::kFalse;
  // A sandbox that takes so long is no matter of a pull, so the probe ends and takes no slot.
  if (has_failed) return unknown_until(milliseconds::zero(), pull_reason::kSandboxFailed);
  return unknown_until(limits::kPullProbeTime - age, pull_reason::kPullQueued);
}

// Returns the verdict on a Pod whose pull failed with a reason that the kubelet does not report.
ProbeVerdict back_off_verdict(milliseconds age) {
  if (age < limits::kPullProbeTime) return unknown_until(limits::kPullProbeTime - age, "");
  return {ProbeResult::kFailing, std::string(pull_reason::kPullFailed), {}, true, {}};
}

bool hides_reason(const api::ContainerStateWaiting& waiting) {
  return waiting.reason == kBackOff && waiting.message.starts_with(kBackOffText) &&
         waiting.message.find(": ") == std::string::npos;
}

// Some errors of the kubelet come with their text in place of a reason.
bool is_reason(std::string_view text) {
  return std::all_of(text.begin(), text.end(), base::is_alphanumeric);
}

bool is_before_pull(const api::ContainerStateWaiting& waiting) {
  return waiting.reason.empty() || waiting.reason == api::kContainerCreating ||
         waiting.reason == api::kPodInitializing;
}

}  // namespace

ProbeVerdict judge_probe(const api::Pod& pod, std::uint16_t node_port, milliseconds age) {
  ProbeVerdict proven{ProbeResult::kProven, {}, {}, true, {}};
  api::ContainerState state;
  if (const auto* container = find_container(pod, kProbeContainer)) state = container->state;
  if (state.running || pod.status.phase == "Succeeded") return proven;
  if (state.terminated && base::is_one_of(state.terminated->reason, kEndsAfterPull)) return proven;
  if (state.terminated || pod.status.phase == "Failed") return refusal(pod.status);
  if (!state.waiting || is_before_pull(*state.waiting)) return waiting_verdict(pod, age);
  const std::string& reason = state.waiting->reason;
  if (base::is_one_of(reason, kWaitsAfterPull)) return proven;
  if (reason == kNeverPulled) return {ProbeResult::kUnknown, reason, {}, true, {}};
  if (!is_reason(reason))
    return failure({"ErrImagePull", reason + ": " + state.waiting->message}, node_port);
  if (!base::is_one_of(reason, kPullFailures)) {
    if (age < limits::kPullQueueTime) return unknown_until(limits::kPullQueueTime - age, "");
    return unknown_until(limits::kPullProbeTime - age, reason);
  }
  if (hides_reason(*state.waiting)) return back_off_verdict(age);
  return failure(*state.waiting, node_port);
}

}  // namespace reconcile
