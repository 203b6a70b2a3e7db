#include "app/watch_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::HasSubstr;

constexpr api::ResourceType kPods = {"", "v1", "Pod", "pods"};
constexpr api::ResourceType kServices = {"", "v1", "Service", "services"};

struct Counter final : kube::WatchObserver {
  void restarted(const api::ResourceType&, kube::RestartReason) override { ++restarts; }
  void malformed(const api::ResourceType&) override { ++malformed_objects; }

  int restarts = 0;
  int malformed_objects = 0;
};

class WatchReporterTest : public testing::Test {
 protected:
  // Returns what is logged when the watch of the type waits for `what`.
  std::string logged(const api::ResourceType& type, const std::string& what) {
    testing::internal::CaptureStderr();
    reporter.waiting(type, what);
    return testing::internal::GetCapturedStderr();
  }

  base::Logger logger{base::LogLevel::kInfo, base::LogFormat::kText};
  Counter counter;
  app::WatchReporter reporter{logger, counter};
};

TEST_F(WatchReporterTest, LogsEachCauseOnceHoweverManyWatchesHaveIt) {
  EXPECT_THAT(logged(kPods, "connection refused"), HasSubstr("cannot watch"));
  EXPECT_EQ(logged(kServices, "connection refused"), "");
  EXPECT_THAT(logged(kServices, "Forbidden"), HasSubstr("Forbidden"));
}

TEST_F(WatchReporterTest, LogsWhenTheLastWatchIsBack) {
  logged(kPods, "connection refused");
  logged(kServices, "connection refused");
  EXPECT_EQ(logged(kPods, ""), "");
  EXPECT_THAT(logged(kServices, ""), HasSubstr("watching again"));
  EXPECT_EQ(logged(kServices, ""), "");
}

TEST_F(WatchReporterTest, PassesOnWhatIsCounted) {
  reporter.restarted(kPods, kube::RestartReason::kSilence);
  reporter.malformed(kPods);
  EXPECT_EQ(counter.restarts, 1);
  EXPECT_EQ(counter.malformed_objects, 1);
}

}  // namespace
