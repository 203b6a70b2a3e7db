#include "reconcile/pull/probe_verdict.h"

#include <chrono>
#include <string_view>

#include "base/limits.h"
#include "base/text/text.h"
#include "reconcile/pull/pull_reason.h"

namespace reconcile {
namespace {

// Reasons with which a container waits because its image was not pulled. It waits with any other
// reason before the pull (api::kContainerCreating) or after it.
constexpr std::string_view kPullTrouble[] = {
    "ErrImagePull",      "ImagePullBackOff",          "RegistryUnavailable",
    "ImageInspectError", "SignatureValidationFailed", "InvalidImageName"};

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

ProbeVerdict unknown_until(base::Time::duration left, std::string_view reason) {
  ProbeVerdict verdict;
  if (!reason.empty()) verdict.result = ProbeResult::kUnknown;
  verdict.reason = reason;
  verdict.has_ended = left <= base::Time::duration::zero();
  if (!verdict.has_ended) {
    verdict.recheck_after = std::chrono::ceil<std::chrono::milliseconds>(left);
  }
  return verdict;
}

// Returns the verdict on a Pod that waits for its sandbox or for the pull.
ProbeVerdict waiting_verdict(const api::Pod& pod, base::Time::duration age) {
  if (age < limits::kPullQueueTime) return unknown_until(limits::kPullQueueTime - age, "");
  const api::Condition* sandbox = api::find_condition(pod.status.conditions, kReadyToStart);
  const bool has_failed = sandbox != nullptr && sandbox->status == api::condition_status::kFalse;
  return unknown_until(limits::kPullProbeTime - age,
                       has_failed ? pull_reason::kSandboxFailed : pull_reason::kPullQueued);
}

// Returns the verdict on a Pod whose pull failed with a reason that the kubelet does not tell yet.
ProbeVerdict back_off_verdict(base::Time::duration age) {
  if (age < limits::kPullProbeTime) return unknown_until(limits::kPullProbeTime - age, "");
  return {ProbeResult::kFailing, std::string(pull_reason::kPullFailed), {}, true, {}};
}

bool tells_no_reason(const api::ContainerStateWaiting& waiting) {
  return waiting.reason == kBackOff && waiting.message.starts_with(kBackOffText) &&
         waiting.message.find(": ") == std::string::npos;
}

bool is_before_pull(const api::ContainerStateWaiting& waiting) {
  return waiting.reason.empty() || waiting.reason == api::kContainerCreating ||
         waiting.reason == api::kPodInitializing;
}

}  // namespace

ProbeVerdict judge_probe(const api::Pod& pod, std::uint16_t node_port, base::Time now) {
  ProbeVerdict proven{ProbeResult::kProven, {}, {}, true, {}};
  api::ContainerState state;
  if (!pod.status.container_statuses.empty()) state = pod.status.container_statuses.front().state;
  if (state.running || state.terminated || pod.status.phase == "Succeeded") return proven;
  if (pod.status.phase == "Failed") return refusal(pod.status);
  const auto age = now - pod.metadata.creation_timestamp.value_or(now);
  if (!state.waiting || is_before_pull(*state.waiting)) return waiting_verdict(pod, age);
  if (!base::is_one_of(state.waiting->reason, kPullTrouble)) return proven;
  if (tells_no_reason(*state.waiting)) return back_off_verdict(age);
  return failure(*state.waiting, node_port);
}

}  // namespace reconcile
