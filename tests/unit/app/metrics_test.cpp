#include "app/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "base/limits.h"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// Returns a type of this name, which lives as long as the text.
api::ResourceType type_of(std::string_view plural) { return {"", "v1", "Kind", plural}; }

// Uses every metric once.
void use_all(app::Metrics& metrics) {
  metrics.reconciled(runtime::ReconcileOutcome::kSuccess, 12ms);
  metrics.reconciled(runtime::ReconcileOutcome::kError, 2s);
  metrics.reconcile_panicked();
  metrics.reconcile_timed_out();
  metrics.set_active_workers(3);
  metrics.set_max_concurrent_reconciles(8);
  metrics.set_queue({5, 100, 7, 1500ms, 900ms});
  metrics.key_taken(3ms);
  metrics.key_done(12ms);
  metrics.request_answered(200, "GET", "10.96.0.1:443");
  metrics.request_answered(0, "PATCH", "10.96.0.1:443");
  metrics.set_leader(true);
  metrics.set_resources({{"LocalRegistry", "True", 3}, {"", "False", 1}});
  metrics.restarted(type_of("services"), kube::RestartReason::kSilence);
  metrics.malformed(type_of("localregistries"));
  metrics.serve_webhook("/mutate");
  metrics.webhook_answered("/mutate", 200, 30us);
  metrics.pod_reviewed("rewritten", 2);
  metrics.set_webhook_certificate_expiry(1'800'000'000s);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

struct Run {
  std::string output;
};

Run run(const std::string& command) {
  Run run;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return run;
  char buffer[4096];
  while (fgets(buffer, sizeof(buffer), pipe.get()) != nullptr) run.output += buffer;
  return run;
}

TEST(Metrics, CarryTheNamesThatDashboardsExpect) {
  app::Metrics metrics("1.2.3");
  use_all(metrics);
  const std::string text = metrics.serialize();
  for (const char* line : {
           R"(controller_runtime_reconcile_total{controller="localregistry",result="success"} 1)",
           R"(controller_runtime_reconcile_total{controller="localregistry",result="error"} 1)",
           R"(controller_runtime_reconcile_total{controller="localregistry",result="requeue"} 0)",
           R"(controller_runtime_reconcile_errors_total{controller="localregistry"} 1)",
           R"(controller_runtime_reconcile_panics_total{controller="localregistry"} 1)",
           R"(controller_runtime_reconcile_timeouts_total{controller="localregistry"} 1)",
           R"(controller_runtime_reconcile_time_seconds_count{controller="localregistry"} 2)",
           R"(controller_runtime_active_workers{controller="localregistry"} 3)",
           R"(controller_runtime_max_concurrent_reconciles{controller="localregistry"} 8)",
           R"(workqueue_depth{name="localregistry"} 5)",
           R"(workqueue_adds_total{name="localregistry"} 100)",
           R"(workqueue_retries_total{name="localregistry"} 7)",
           R"(workqueue_unfinished_work_seconds{name="localregistry"} 1.5)",
           R"(workqueue_longest_running_processor_seconds{name="localregistry"} 0.9)",
           R"(workqueue_queue_duration_seconds_count{name="localregistry"} 1)",
           R"(workqueue_work_duration_seconds_count{name="localregistry"} 1)",
           R"(rest_client_requests_total{code="200",host="10.96.0.1:443",method="GET"} 1)",
           R"(rest_client_requests_total{code="<error>",host="10.96.0.1:443",method="PATCH"} 1)",
           R"(leader_election_master_status{name="local-registry-operator"} 1)",
           R"(localregistry_resources{delivery="LocalRegistry",ready="True"} 3)",
           R"(localregistry_resources{delivery="",ready="False"} 1)",
           R"(localregistry_watch_restarts_total{reason="silence",resource="services"} 1)",
           R"(localregistry_malformed_objects_total{resource="localregistries"} 1)",
           R"(localregistry_build_info{version="1.2.3"} 1)",
           R"(controller_runtime_webhook_requests_total{code="200",webhook="/mutate"} 1)",
           R"(controller_runtime_webhook_requests_total{code="500",webhook="/mutate"} 0)",
           R"(controller_runtime_webhook_latency_seconds_count{webhook="/mutate"} 1)",
           R"(localregistry_webhook_reviews_total{result="rewritten"} 1)",
           R"(localregistry_webhook_images_rewritten_total 2)",
           R"(localregistry_webhook_certificate_expiry_timestamp_seconds 1800000000)",
       }) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + line + "\n"));
  }
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_virtual_memory_bytes", "process_open_fds", "process_max_fds",
                           "process_start_time_seconds"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n# TYPE ") + name + " "));
  }
}

TEST(Metrics, HistogramsHaveTheBucketsOfControllerRuntimeAndClientGo) {
  app::Metrics metrics("1");
  const std::string text = metrics.serialize();
  EXPECT_EQ(count(text, "\ncontroller_runtime_reconcile_time_seconds_bucket{"), 41U);
  EXPECT_EQ(count(text, "\nworkqueue_queue_duration_seconds_bucket{"), 13U);
  EXPECT_EQ(count(text, "\nworkqueue_work_duration_seconds_bucket{"), 13U);
  for (const char* bound : {"0.005", "0.15", "1.25", "60", "+Inf"}) {
    EXPECT_THAT(text, HasSubstr(std::string("reconcile_time_seconds_bucket{controller="
                                            "\"localregistry\",le=\"") +
                                bound + "\"}"));
  }
  for (const char* bound : {"1e-08", "1e-07", "1e-06", "1e-05", "0.1", "1", "1000", "+Inf"}) {
    EXPECT_THAT(text, HasSubstr(std::string("workqueue_queue_duration_seconds_bucket{name="
                                            "\"localregistry\",le=\"") +
                                bound + "\"}"));
  }
}

TEST(Metrics, PassPromtoolsChecks) {
  if (run("command -v promtool").output.empty()) GTEST_SKIP() << "no promtool";
  app::Metrics metrics("1.2.3");
  use_all(metrics);
  const std::string name = testing::TempDir() + "metrics." + std::to_string(getpid());
  std::ofstream(name) << metrics.serialize();
  const std::string output =
      run("promtool check metrics < " + name + " 2>&1; echo exit code $?").output;
  std::remove(name.c_str());
  EXPECT_EQ(output, "exit code 0\n");
}

TEST(Metrics, SayNothingOfALeaderWithoutLeaderElection) {
  app::Metrics metrics("1");
  EXPECT_THAT(metrics.serialize(), Not(HasSubstr("leader_election_master_status")));
  metrics.set_leader(true);
  metrics.set_leader(false);
  EXPECT_THAT(metrics.serialize(), HasSubstr("leader_election_master_status{name="
                                             "\"local-registry-operator\"} 0\n"));
}

TEST(Metrics, ResourcesThatAreGoneCountAsZero) {
  app::Metrics metrics("1");
  metrics.set_resources({{"LocalRegistry", "True", 3}});
  metrics.set_resources({{"LocalRegistry", "False", 2}, {"LocalRegistry", "False", 1}});
  const std::string text = metrics.serialize();
  EXPECT_THAT(text,
              HasSubstr(R"(localregistry_resources{delivery="LocalRegistry",ready="True"} 0)"));
  EXPECT_THAT(text,
              HasSubstr(R"(localregistry_resources{delivery="LocalRegistry",ready="False"} 3)"));
}

TEST(Metrics, AreBoundedWhateverLabelsComeFromOutside) {
  app::Metrics metrics("1");
  for (int i = 0; i < 1000; ++i) {
    const std::string text = std::to_string(i);
    metrics.request_answered(200, "GET", "host" + text);
    metrics.restarted(type_of(text), kube::RestartReason::kSilence);
    metrics.malformed(type_of(text));
    metrics.set_resources({{"delivery" + text, "True", 1}});
  }
  metrics.request_answered(200, "GET", "host1");
  const std::string text = metrics.serialize();
  EXPECT_EQ(count(text, "\nrest_client_requests_total{"), limits::kMetricSeries + 1);
  EXPECT_EQ(count(text, "\nlocalregistry_watch_restarts_total{"), limits::kMetricSeries + 1);
  EXPECT_EQ(count(text, "\nlocalregistry_malformed_objects_total{"), limits::kMetricSeries + 1);
  EXPECT_LE(count(text, "\nlocalregistry_resources{"), limits::kMetricSeries + 1);
  EXPECT_THAT(text, HasSubstr(R"(localregistry_malformed_objects_total{resource="other"} 936)"));
  EXPECT_THAT(text, HasSubstr(R"(host="host1",method="GET"} 2)"));
}

TEST(Metrics, KeepHostileLabelValuesOnTheirLine) {
  app::Metrics metrics("1\n\"2");
  metrics.malformed(type_of("a\"} 5\nevil 1"));
  metrics.request_answered(200, "GET", "\xff\xfe" + std::string(1000, 'x'));
  const std::string text = metrics.serialize();
  EXPECT_THAT(text, Not(HasSubstr("\nevil")));
  EXPECT_THAT(text, Not(HasSubstr("\xff")));
  EXPECT_THAT(text, HasSubstr(R"(localregistry_build_info{version="1?\"2"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr(std::string(limits::kLabelBytes, 'x'))));
}

TEST(Metrics, AskTheirCollectorsEachTimeAndOnlyWhileTheyLive) {
  app::Metrics metrics("1");
  std::size_t asked = 0;
  {
    const app::Metrics::Collector collector(metrics, [&] { metrics.set_active_workers(++asked); });
    metrics.serialize();
    EXPECT_THAT(metrics.serialize(),
                HasSubstr("controller_runtime_active_workers{controller=\"localregistry\"} 2\n"));
  }
  metrics.serialize();
  EXPECT_EQ(asked, 2U);
}

TEST(Metrics, CountersOfTheQueueNeverGoBack) {
  app::Metrics metrics("1");
  metrics.set_queue({0, 10, 3, 0s, 0s});
  metrics.set_queue({0, 4, 1, 0s, 0s});
  EXPECT_THAT(metrics.serialize(), HasSubstr("workqueue_adds_total{name=\"localregistry\"} 10\n"));
}

}  // namespace
