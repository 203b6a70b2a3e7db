#include "reconcile/pull/probe_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "reconcile/pull/pull_reason.h"

namespace reconcile {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::uint16_t kPort = 32014;

class ProbeVerdictTest : public testing::Test {
 protected:
  void SetUp() override { pod.status.phase = "Pending"; }

  void wait_with(const std::string& reason, const std::string& message = "") {
    pod.status.container_statuses = {{"probe", false, 0, {}, {}}};
    pod.status.container_statuses[0].state.waiting = api::ContainerStateWaiting{reason, message};
  }

  void end_with(const std::string& reason) {
    pod.status.phase = "Failed";
    pod.status.container_statuses = {{"probe", false, 0, {}, {}}};
    pod.status.container_statuses[0].state.terminated = {reason, "", 137};
  }

  ProbeVerdict verdict(std::chrono::milliseconds age = 1s) const {
    return judge_probe(pod, kPort, age);
  }

  api::Pod pod;
};

TEST_F(ProbeVerdictTest, APodThatSucceededProvesThePull) {
  pod.status.phase = "Succeeded";
  EXPECT_EQ(verdict().result, ProbeResult::kProven);
  EXPECT_TRUE(verdict().has_ended);
}

TEST_F(ProbeVerdictTest, EveryStateAfterThePullProvesThePull) {
  for (const char* reason :
       {"CreateContainerError", "CreateContainerConfigError", "RunContainerError"}) {
    wait_with(reason);
    EXPECT_EQ(verdict().result, ProbeResult::kProven) << reason;
  }
  end_with("StartError");
  EXPECT_EQ(verdict().result, ProbeResult::kProven);
}

// The kubelet reports it for containers that it never created, too.
TEST_F(ProbeVerdictTest, AContainerOfUnknownStateProvesNothing) {
  end_with("ContainerStatusUnknown");
  EXPECT_EQ(verdict().result, ProbeResult::kUnknown);
  EXPECT_EQ(verdict().reason, pull_reason::kProbeEnded);
}

TEST_F(ProbeVerdictTest, AnImageThatTheNodeMustNotPullProvesNothing) {
  wait_with("ErrImageNeverPull");
  EXPECT_EQ(verdict().result, ProbeResult::kUnknown);
  EXPECT_EQ(verdict().reason, "ErrImageNeverPull");
  EXPECT_TRUE(verdict().has_ended);
}

TEST_F(ProbeVerdictTest, AReasonThatIsNotKnownProvesNothing) {
  wait_with("ReasonOfTheFuture");
  EXPECT_EQ(verdict().result, ProbeResult::kNone);
  EXPECT_EQ(verdict().recheck_after, 59s);
  EXPECT_EQ(verdict(60s).result, ProbeResult::kUnknown);
  EXPECT_EQ(verdict(60s).reason, "ReasonOfTheFuture");
  EXPECT_FALSE(verdict(60s).has_ended);
  EXPECT_TRUE(verdict(300s).has_ended);
}

// For example RecordPullIntent of the kubelet (KEP-2535).
TEST_F(ProbeVerdictTest, AnErrorInPlaceOfAReasonIsReadAsTheMessage) {
  wait_with("failed to record image pull intent: write /x: no space left on device");
  EXPECT_EQ(verdict().result, ProbeResult::kFailing);
  EXPECT_EQ(verdict().reason, pull_reason::kNoDiskSpace);
}

TEST_F(ProbeVerdictTest, AContainerThatAPolicyInjectsDoesNotCount) {
  wait_with("ErrImagePull", "write /x: no space left on device");
  auto& containers = pod.status.container_statuses;
  containers.insert(containers.begin(), {"sidecar", true, 0, {}, {}});
  containers[0].state.running.emplace();
  EXPECT_EQ(verdict().reason, pull_reason::kNoDiskSpace);
}

TEST_F(ProbeVerdictTest, ARefusedConnectionIsAFailureWithTheText) {
  wait_with("ErrImagePull", "dial tcp 127.0.0.1:32014: connect: connection refused");
  EXPECT_EQ(verdict().result, ProbeResult::kFailing);
  EXPECT_EQ(verdict().reason, pull_reason::kLocalhostRefused);
  EXPECT_THAT(verdict().message, HasSubstr("connection refused"));
  EXPECT_TRUE(verdict().has_ended);
}

TEST_F(ProbeVerdictTest, ABackOffThatHidesTheReasonIsWaitedFor) {
  wait_with("ImagePullBackOff", R"(Back-off pulling image "localhost:32014/a:b")");
  EXPECT_EQ(verdict().result, ProbeResult::kNone);
  EXPECT_EQ(verdict().recheck_after, limits::kPullProbeTime - 1s);
  EXPECT_EQ(verdict(limits::kPullProbeTime).reason, pull_reason::kPullFailed);
  wait_with("ImagePullBackOff", R"(Back-off pulling image "localhost:32014/a:b": ErrImagePull: )"
                                "write /x: no space left on device");
  EXPECT_EQ(verdict().reason, pull_reason::kNoDiskSpace);
}

TEST_F(ProbeVerdictTest, AFullNodeSaysNothingAboutThePull) {
  pod.status.phase = "Failed";
  pod.status.reason = "OutOfpods";
  EXPECT_EQ(verdict().result, ProbeResult::kUnknown);
  EXPECT_EQ(verdict().reason, pull_reason::kNodeFull);
  EXPECT_TRUE(verdict().has_ended);
}

TEST_F(ProbeVerdictTest, AnotherReasonOfTheKubeletIsKept) {
  pod.status.phase = "Failed";
  for (const char* reason : {"NodeAffinity", "Evicted", "DeadlineExceeded", "Preempting"}) {
    pod.status.reason = reason;
    EXPECT_EQ(verdict().result, ProbeResult::kUnknown);
    EXPECT_EQ(verdict().reason, reason);
  }
  pod.status.reason = "";
  EXPECT_EQ(verdict().reason, pull_reason::kProbeEnded);
}

TEST_F(ProbeVerdictTest, APullThatWaitsIsUnknownAfterAMinuteAndEndsAfterFive) {
  EXPECT_EQ(verdict(59s).result, ProbeResult::kNone);
  EXPECT_EQ(verdict(59s).recheck_after, 1s);
  wait_with("ContainerCreating");
  EXPECT_EQ(verdict(60s).reason, pull_reason::kPullQueued);
  EXPECT_FALSE(verdict(60s).has_ended);
  EXPECT_EQ(verdict(60s).recheck_after, 240s);
  EXPECT_TRUE(verdict(300s).has_ended);
  pod.status.conditions = {{"PodReadyToStartContainers", "False", "", "", 0, {}}};
  EXPECT_EQ(verdict(60s).reason, pull_reason::kSandboxFailed);
  EXPECT_TRUE(verdict(60s).has_ended) << "it takes no slot for longer";
}

TEST_F(ProbeVerdictTest, ADelayOfTheKubeletIsNoFailureOfTheNode) {
  wait_with("ErrImagePull", "pull QPS exceeded");
  EXPECT_EQ(verdict().result, ProbeResult::kUnknown);
  EXPECT_EQ(verdict().reason, pull_reason::kPullRateLimited);
}

}  // namespace
}  // namespace reconcile
