#include "app/program.h"

#include <gmock/gmock.h>

#include "unit/operator/fake_push_checker.h"
#include "unit/operator/fixture.h"

namespace test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ProgramTest : public OperatorTest {
 protected:
  void start(const app::Options& options = {}) {
    app::ProgramDependencies around{world.executor(), transport, world.clock, random,
                                    logger,           checker,   "pod",       "system"};
    around.server = "10.96.0.1:443";
    program = std::make_unique<app::Program>(around, options, "1.2.3");
    running = &world.start(program->run());
    rest();
  }

  // Lets time pass, during which the watches deliver their events.
  void rest() {
    settle();
    for (int i = 0; i < 10; ++i) {
      world.run_for(100ms);
      settle();
    }
  }

  void install_webhook() {
    api::MutatingWebhookConfiguration configuration;
    configuration.metadata.name = "local-registry-operator";
    configuration.webhooks = {{"rewrite.localregistry.dev", {}}};
    cluster.put(configuration);
  }

  FakePushChecker checker{world.executor(), world.clock};
  std::unique_ptr<app::Program> program;
  support::Running* running = nullptr;
};

TEST_F(ProgramTest, ReconcilesAndIsReady) {
  cluster.put(a_registry());
  start();
  EXPECT_EQ(cluster.find<api::LocalRegistry>(kDev)->status.node_port, node_port());
  EXPECT_EQ(program->manager().waits_for(), std::nullopt);
  EXPECT_TRUE(program->leading());
  EXPECT_EQ(program->poll_pause(), 0s);
}

TEST_F(ProgramTest, IsNotReadyBeforeItsCachesAre) {
  const app::ProgramDependencies around{world.executor(), transport, world.clock, random,
                                        logger,           checker,   "pod",       "system"};
  app::Program idle(around, {}, "1");
  EXPECT_THAT(idle.manager().waits_for().value_or(""), Not(IsEmpty()));
  EXPECT_FALSE(idle.caches().synced());
}

TEST_F(ProgramTest, CountsWhatItsPartsReport) {
  cluster.put(a_registry());
  start();
  const std::string text = program->serialize_metrics();
  for (const char* line : {
           R"(localregistry_build_info{version="1.2.3"} 1)",
           R"(localregistry_resources{delivery="LocalRegistry",ready="False"} 1)",
           R"(localregistry_contested_objects 0)",
           R"(localregistry_cache_dropped_objects{resource="deployments"} 0)",
           R"(controller_runtime_reconcile_total{controller="localregistry",result="success"} 1)",
           R"(controller_runtime_max_concurrent_reconciles{controller="localregistry"} 8)",
           R"(workqueue_depth{name="localregistry"} 0)",
       }) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + line + "\n"));
  }
  EXPECT_THAT(text, HasSubstr(R"(host="10.96.0.1:443",method="PATCH")"));
  EXPECT_THAT(text, Not(HasSubstr("leader_election_master_status")));
}

TEST_F(ProgramTest, ServesACertificateThatIsTrusted) {
  install_webhook();
  start();
  EXPECT_NE(cluster.find<api::Secret>({"system", "local-registry-operator-webhook"}), nullptr);
  EXPECT_NE(program->certificate().current(), nullptr);
  EXPECT_THAT(program->serialize_metrics(),
              HasSubstr("\nlocalregistry_webhook_certificate_expiry_timestamp_seconds 18"));
}

TEST_F(ProgramTest, WithoutTheWebhookItHasNoCertificate) {
  install_webhook();
  app::Options options;
  options.webhook_bind_address = "0";
  start(options);
  EXPECT_EQ(program->certificate().current(), nullptr);
  EXPECT_THAT(cluster.writes(), IsEmpty());
}

TEST_F(ProgramTest, LeavesItsOwnNamespaceAndItsPodsToThemselves) {
  start();
  const admission::ReviewPolicy policy = program->review_policy();
  EXPECT_THAT(policy.excluded_namespaces, Contains("system"));
  EXPECT_THAT(policy.excluded_namespaces, Contains("kube-system"));
  EXPECT_EQ(policy.excluded_value, "local-registry-operator");
}

TEST_F(ProgramTest, SendsItsLastEventsWhenItIsStopped) {
  cluster.put(a_registry());
  start();
  program->stop();
  rest();
  EXPECT_TRUE(running->done());
  EXPECT_EQ(running->thrown(), nullptr);
  EXPECT_THAT(cluster.events(), Contains(HasSubstr("Created")));
}

}  // namespace
}  // namespace test
