// In these tests the pod template of a registry on emptyDir is too large for its record. Only
// hashes are recorded then, and the pod with its images is kept all the same.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "reconcile/children/children.h"
#include "reconcile/children/names.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

api::LocalRegistry a_large_registry() {
  api::LocalRegistry registry = a_registry();
  registry.metadata.annotations[std::string(reconcile::kRestartAnnotation)] = "yesterday";
  for (std::size_t i = 0; i < limits::kRecordedTemplateBytes / 64; ++i) {
    api::Toleration toleration;
    toleration.key = std::to_string(i) + std::string(50, 'k');
    toleration.operation = "Exists";
    registry.spec.tolerations.push_back(std::move(toleration));
  }
  return registry;
}

class LargeTemplate : public testing::Test {
 protected:
  void SetUp() override { world.converge(); }

  api::Deployment& deployment() { return *world.find<api::Deployment>(); }
  std::string image() { return deployment().spec.pod_template.spec.containers[0].image; }
  bool has_app_label() {
    return deployment().spec.pod_template.metadata.labels.contains(
        std::string(reconcile::kAppLabel));
  }
  std::string up_to_date() { return condition(world.registry->status, "UpToDate"); }

  // Makes the Deployment one that an earlier version of the operator applied: without a label.
  void age() {
    reconcile::AppliedPod pod = reconcile::new_pod(*world.registry, true);
    pod.pod_template.metadata.labels.erase(std::string(reconcile::kAppLabel));
    const api::Deployment earlier =
        reconcile::build_deployment(*world.registry, pod, reconcile::kNeverRefused);
    deployment().metadata.annotations = earlier.metadata.annotations;
    deployment().spec.pod_template = earlier.spec.pod_template;
    world.all<api::Deployment>().begin()->second.last = tree_of(earlier);
    world.settle();
  }

  World world{a_large_registry()};
};

TEST_F(LargeTemplate, ItIsKeptByAnUpgradeAfterARestartThatTheUserRequestedBefore) {
  age();
  world.converge();
  EXPECT_FALSE(has_app_label());
  EXPECT_EQ(up_to_date(), "False RestartLosesImages");
  auto registry = *world.registry;
  registry.metadata.annotations[std::string(reconcile::kRestartAnnotation)] = "today";
  world.registry = std::make_shared<const api::LocalRegistry>(registry);
  world.converge();
  EXPECT_TRUE(has_app_label());
  EXPECT_EQ(up_to_date(), "True UpToDate");
}

TEST_F(LargeTemplate, ItIsKeptWhenAnotherPartOfTheSpecChangesWithTheUpgrade) {
  age();
  deployment().spec.pod_template.spec.containers[0].image = "harbor.test/reg";  // by a policy
  world.policies[ObjectRole::kDeployment] = from_json(
      R"({"spec":{"template":{"spec":{"containers":{"registry":{"image":"harbor.test/reg"}}}}}})");
  api::LocalRegistrySpec spec = world.registry->spec;
  spec.push_secrets = {{"regcred"}};
  world.change_spec(spec);
  world.converge();
  EXPECT_FALSE(has_app_label());
  EXPECT_EQ(up_to_date(), "False RestartLosesImages");
}

TEST_F(LargeTemplate, ItIsReplacedWhenTheUserChangesThePod) {
  age();
  api::LocalRegistrySpec spec = world.registry->spec;
  spec.image = "registry:3";
  world.change_spec(spec);
  world.converge();
  EXPECT_EQ(image(), "registry:3");
  EXPECT_TRUE(has_app_label());
}

TEST_F(LargeTemplate, AnEditByAnotherClientIsHealed) {
  deployment().spec.pod_template.spec.containers[0].image = "evil:1";
  world.settle();
  world.converge();
  EXPECT_EQ(image(), "registry:2.8.1");
  EXPECT_EQ(up_to_date(), "True UpToDate");
}

TEST_F(LargeTemplate, AForgedRecordIsNoRecord) {
  for (const char* text : {"", ",,", "a,b,c", "[]", "0123456789abcdef,,", "{}"}) {
    age();
    deployment().metadata.annotations[std::string(reconcile::kAppliedPodAnnotation)] = text;
    world.converge();
    ASSERT_FALSE(deployment().spec.pod_template.spec.containers.empty()) << text;
    EXPECT_EQ(image(), "registry:2.8.1") << text;
  }
}

}  // namespace
}  // namespace test
